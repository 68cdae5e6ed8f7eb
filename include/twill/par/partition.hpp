// Selects elements by a predicate, in parallel if that pays; they keep their order.
//
//     auto end = twill::par::copy_if(orders, urgent.begin(), is_urgent).out;
//     auto rest = twill::par::stable_partition(orders, is_urgent);     // urgent ones in front
//     auto gone = twill::par::remove_if(orders, is_cancelled);
//     orders.erase(gone.begin(), gone.end());
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/loop.hpp>
#include <twill/par/detail/ordered_tiles.hpp>
#include <twill/par/detail/selection_work.hpp>
#include <twill/par/for_each.hpp>
#include <twill/par/shield.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <iterator>
#include <ranges>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

template <class R, class P, class Proj>
std::size_t stable_partition(par::context& here, R&& range, P& wanted, Proj& proj) {
    const auto first = std::ranges::begin(range);
    const auto size = static_cast<std::size_t>(std::ranges::size(range));
    using iterator = std::remove_const_t<decltype(first)>;
    using rest = side_buffer<std::ranges::range_value_t<R>>;
    rest others(size);
    select_work<iterator, P, Proj, rest> work{&first, &wanted, &proj, &others};
    ordered_tiles tiles(work, size);
    const auto behind_kept = [&] {
        return first + static_cast<std::iter_difference_t<iterator>>(work.place);
    };
    try {
        tiles.run(here);
    } catch (...) {
        others.take_out(behind_kept(), 0, tiles.reached() - work.place);
        throw;
    }
    // A stop request that comes now comes too late: elements must not be left in the buffer.
    par::shield(here, [&](par::context& shielded) {
        const auto output = behind_kept();
        const auto take_out = [&](std::size_t from, std::size_t to) {
            others.take_out(output, from, to);
        };
        block_body<decltype(take_out)> body{&take_out};
        if (work.place != size) run_loop(shielded, 0, size - work.place, body);
    });
    return work.place;
}

}  // namespace detail

namespace par {

// Copies the elements for which `wanted(proj(element))` is true to `output`, in their order. The
// two must not overlap; `output` needs room for what is copied, no more.
//
// Result: the end of the range and the end of what was written, as std::ranges::copy_if gives them.
// The functions are called once an element, by several threads at a time.
// Throws what the functions or a copy throw; `cancelled` if the region was asked to stop: the
// output then holds some of the elements, perhaps with gaps of old values between them. Any thread.
template <splittable_range R, std::random_access_iterator O, class Proj = std::identity,
          range_predicate<R, Proj> P>
    requires std::indirectly_copyable<std::ranges::iterator_t<R>, O>
std::ranges::copy_if_result<std::ranges::borrowed_iterator_t<R>, O> copy_if(context& here,
                                                                            R&& range, O output,
                                                                            P wanted,
                                                                            Proj proj = {}) {
    const auto first = std::ranges::begin(range);
    const auto size = static_cast<std::size_t>(std::ranges::size(range));
    detail::copy_if_work<std::remove_const_t<decltype(first)>, O, P, Proj> work{&first, &output,
                                                                                &wanted, &proj};
    detail::ordered_tiles tiles(work, size);
    tiles.run(here);
    return {first + static_cast<std::ranges::range_difference_t<R>>(size),
            output + static_cast<std::iter_difference_t<O>>(work.place)};
}

template <splittable_range R, std::random_access_iterator O, class Proj = std::identity,
          range_predicate<R, Proj> P>
    requires std::indirectly_copyable<std::ranges::iterator_t<R>, O>
auto copy_if(R&& range, O output, P wanted, Proj proj = {}) {
    return region([&](context& here) {
        return par::copy_if(here, std::forward<R>(range), output, std::ref(wanted), std::ref(proj));
    });
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          std::random_access_iterator O, class Proj = std::identity, element_predicate<I, Proj> P>
    requires std::indirectly_copyable<I, O>
auto copy_if(context& here, I first, S last, O output, P wanted, Proj proj = {}) {
    return par::copy_if(here, std::ranges::subrange(first, last), output, std::ref(wanted),
                        std::ref(proj));
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          std::random_access_iterator O, class Proj = std::identity, element_predicate<I, Proj> P>
    requires std::indirectly_copyable<I, O>
auto copy_if(I first, S last, O output, P wanted, Proj proj = {}) {
    return par::copy_if(std::ranges::subrange(first, last), output, std::ref(wanted),
                        std::ref(proj));
}

// Moves the elements for which `wanted(proj(element))` is true to the front; both groups keep their
// order.
//
// Result: the group behind, as std::ranges::stable_partition gives it.
// The functions are called once an element, by several threads at a time; they must not change it.
// Throws what they throw; `cancelled` if the region was asked to stop: then a part of the range in
// front is partitioned and the rest untouched, so it holds a permutation of what it held.
// std::bad_alloc, with nothing changed, if there is no memory for as many elements again (what the
// group behind does not need of it is not touched). Any thread.
template <safely_movable_range R, class Proj = std::identity, range_predicate<R, Proj> P>
std::ranges::borrowed_subrange_t<R> stable_partition(context& here, R&& range, P wanted,
                                                     Proj proj = {}) {
    const auto kept = detail::stable_partition(here, range, wanted, proj);
    const auto first = std::ranges::begin(range);
    return {first + static_cast<std::ranges::range_difference_t<R>>(kept),
            first + static_cast<std::ranges::range_difference_t<R>>(std::ranges::size(range))};
}

template <safely_movable_range R, class Proj = std::identity, range_predicate<R, Proj> P>
auto stable_partition(R&& range, P wanted, Proj proj = {}) {
    return region([&](context& here) {
        return par::stable_partition(here, std::forward<R>(range), std::ref(wanted),
                                     std::ref(proj));
    });
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_predicate<I, Proj> P>
    requires safely_movable_range<std::ranges::subrange<I, S>>
auto stable_partition(context& here, I first, S last, P wanted, Proj proj = {}) {
    return par::stable_partition(here, std::ranges::subrange(first, last), std::ref(wanted),
                                 std::ref(proj));
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_predicate<I, Proj> P>
    requires safely_movable_range<std::ranges::subrange<I, S>>
auto stable_partition(I first, S last, P wanted, Proj proj = {}) {
    return par::stable_partition(std::ranges::subrange(first, last), std::ref(wanted),
                                 std::ref(proj));
}

// The same: no other order would be found faster.
template <safely_movable_range R, class Proj = std::identity, range_predicate<R, Proj> P>
auto partition(context& here, R&& range, P wanted, Proj proj = {}) {
    return par::stable_partition(here, std::forward<R>(range), std::ref(wanted), std::ref(proj));
}

template <safely_movable_range R, class Proj = std::identity, range_predicate<R, Proj> P>
auto partition(R&& range, P wanted, Proj proj = {}) {
    return par::stable_partition(std::forward<R>(range), std::ref(wanted), std::ref(proj));
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_predicate<I, Proj> P>
    requires safely_movable_range<std::ranges::subrange<I, S>>
auto partition(context& here, I first, S last, P wanted, Proj proj = {}) {
    return par::stable_partition(here, std::ranges::subrange(first, last), std::ref(wanted),
                                 std::ref(proj));
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_predicate<I, Proj> P>
    requires safely_movable_range<std::ranges::subrange<I, S>>
auto partition(I first, S last, P wanted, Proj proj = {}) {
    return par::stable_partition(std::ranges::subrange(first, last), std::ref(wanted),
                                 std::ref(proj));
}

// Moves the elements for which `unwanted(proj(element))` is false to the front, in their order.
//
// Result: the rest of the range, whose elements are valid and of no particular value, as
// std::ranges::remove_if gives it.
// The functions are called once an element, by several threads at a time; they must not change it.
// Throws what they throw; `cancelled` if the region was asked to stop: then elements that had been
// moved to the front may be there twice, or moved from, as with the standard's. Any thread.
template <safely_movable_range R, class Proj = std::identity, range_predicate<R, Proj> P>
std::ranges::borrowed_subrange_t<R> remove_if(context& here, R&& range, P unwanted,
                                              Proj proj = {}) {
    const auto first = std::ranges::begin(range);
    const auto size = static_cast<std::size_t>(std::ranges::size(range));
    auto wanted = std::not_fn(std::ref(unwanted));
    detail::no_rest<std::ranges::range_value_t<R>> nobody;
    detail::select_work<std::remove_const_t<decltype(first)>, decltype(wanted), Proj,
                        decltype(nobody)>
        work{&first, &wanted, &proj, &nobody};
    detail::ordered_tiles tiles(work, size);
    tiles.run(here);
    return {first + static_cast<std::ranges::range_difference_t<R>>(work.place),
            first + static_cast<std::ranges::range_difference_t<R>>(size)};
}

template <safely_movable_range R, class Proj = std::identity, range_predicate<R, Proj> P>
auto remove_if(R&& range, P unwanted, Proj proj = {}) {
    return region([&](context& here) {
        return par::remove_if(here, std::forward<R>(range), std::ref(unwanted), std::ref(proj));
    });
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_predicate<I, Proj> P>
    requires safely_movable_range<std::ranges::subrange<I, S>>
auto remove_if(context& here, I first, S last, P unwanted, Proj proj = {}) {
    return par::remove_if(here, std::ranges::subrange(first, last), std::ref(unwanted),
                          std::ref(proj));
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_predicate<I, Proj> P>
    requires safely_movable_range<std::ranges::subrange<I, S>>
auto remove_if(I first, S last, P unwanted, Proj proj = {}) {
    return par::remove_if(std::ranges::subrange(first, last), std::ref(unwanted), std::ref(proj));
}

}  // namespace par
}  // namespace twill::inline TWILL_ABI
