// Finds the first element that is wanted, in parallel if that pays.
//
//     auto bad = twill::par::find_if(records, [](const record& r) { return !r.valid(); });
//     if (bad != records.end()) ...
//     bool all_paid = twill::par::all_of(orders, &order::paid);
//
// The result is that of the standard's algorithm: the first match, also if another one was found
// earlier. Whoever finds one stops all that search behind it, so an early match is found about as
// fast as by a plain loop.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/kernels.hpp>
#include <twill/par/detail/search.hpp>
#include <twill/par/for_each.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <iterator>
#include <ranges>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace par {

// The first element for which `wanted(proj(element))` is true, or the end.
//
// Which of the elements behind a match the functions are called for is left open; they are called
// by several threads at a time.
// Throws what the functions throw, also for an element behind a match: then nothing is told of the
// match. `cancelled`, at a beat, if the region was asked to stop. Any thread.
template <splittable_range R, class Proj = std::identity, range_predicate<R, Proj> P>
[[nodiscard]] std::ranges::borrowed_iterator_t<R> find_if(context& here, R&& range, P wanted,
                                                          Proj proj = {}) {
    const auto first = std::ranges::begin(range);
    const auto size = static_cast<std::size_t>(std::ranges::size(range));
    const auto in_block = [&](std::size_t from, std::size_t to) {
        const auto begin = first;
        while (from != to &&
               !std::invoke(wanted, std::invoke(proj, detail::element_at(begin, from))))
            ++from;
        return from;
    };
    return first +
           static_cast<std::ranges::range_difference_t<R>>(detail::search(here, size, in_block));
}

template <splittable_range R, class Proj = std::identity, range_predicate<R, Proj> P>
[[nodiscard]] std::ranges::borrowed_iterator_t<R> find_if(R&& range, P wanted, Proj proj = {}) {
    return region([&](context& here) {
        return par::find_if(here, std::forward<R>(range), std::ref(wanted), std::ref(proj));
    });
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_predicate<I, Proj> P>
[[nodiscard]] I find_if(context& here, I first, S last, P wanted, Proj proj = {}) {
    return par::find_if(here, std::ranges::subrange(first, last), std::ref(wanted), std::ref(proj));
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_predicate<I, Proj> P>
[[nodiscard]] I find_if(I first, S last, P wanted, Proj proj = {}) {
    return par::find_if(std::ranges::subrange(first, last), std::ref(wanted), std::ref(proj));
}

// The first element for which `wanted(proj(element))` is false, or the end. Otherwise as find_if.
template <splittable_range R, class Proj = std::identity, range_predicate<R, Proj> P>
[[nodiscard]] std::ranges::borrowed_iterator_t<R> find_if_not(context& here, R&& range, P wanted,
                                                              Proj proj = {}) {
    return par::find_if(here, std::forward<R>(range), std::not_fn(std::ref(wanted)),
                        std::ref(proj));
}

template <splittable_range R, class Proj = std::identity, range_predicate<R, Proj> P>
[[nodiscard]] std::ranges::borrowed_iterator_t<R> find_if_not(R&& range, P wanted, Proj proj = {}) {
    return region([&](context& here) {
        return par::find_if_not(here, std::forward<R>(range), std::ref(wanted), std::ref(proj));
    });
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_predicate<I, Proj> P>
[[nodiscard]] I find_if_not(context& here, I first, S last, P wanted, Proj proj = {}) {
    return par::find_if_not(here, std::ranges::subrange(first, last), std::ref(wanted),
                            std::ref(proj));
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_predicate<I, Proj> P>
[[nodiscard]] I find_if_not(I first, S last, P wanted, Proj proj = {}) {
    return par::find_if_not(std::ranges::subrange(first, last), std::ref(wanted), std::ref(proj));
}

// The first element for which proj(element) == value, or the end. Otherwise as find_if.
template <splittable_range R, class Proj = std::identity, range_value<R, Proj> T>
[[nodiscard]] std::ranges::borrowed_iterator_t<R> find(context& here, R&& range, const T& value,
                                                       Proj proj = {}) {
    using iterator = std::ranges::iterator_t<R>;
    if constexpr (detail::kernels::plain_source<iterator, Proj> &&
                  std::same_as<T, std::iter_value_t<iterator>>) {
        const auto first = std::ranges::begin(range);
        const auto size = static_cast<std::size_t>(std::ranges::size(range));
        const auto in_block = [&](std::size_t from, std::size_t to) {
            const auto* const values = detail::kernels::address(first, 0);
            if (to - from >= detail::kernels::worthwhile)
                return from + detail::kernels::find(values + from, to - from, value);
            while (from != to && values[from] != value) ++from;
            return from;
        };
        return first + static_cast<std::ranges::range_difference_t<R>>(
                           detail::search(here, size, in_block));
    } else {
        return find_if(
            here, std::forward<R>(range),
            [&](auto&& element) -> bool { return std::ranges::equal_to()(element, value); },
            std::ref(proj));
    }
}

template <splittable_range R, class Proj = std::identity, range_value<R, Proj> T>
[[nodiscard]] std::ranges::borrowed_iterator_t<R> find(R&& range, const T& value, Proj proj = {}) {
    return region([&](context& here) {
        return par::find(here, std::forward<R>(range), value, std::move(proj));
    });
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_value<I, Proj> T>
[[nodiscard]] I find(context& here, I first, S last, const T& value, Proj proj = {}) {
    return par::find(here, std::ranges::subrange(first, last), value, std::move(proj));
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_value<I, Proj> T>
[[nodiscard]] I find(I first, S last, const T& value, Proj proj = {}) {
    return par::find(std::ranges::subrange(first, last), value, std::move(proj));
}

// Whether `wanted(proj(element))` is true for at least one element. Otherwise as find_if.
template <splittable_range R, class Proj = std::identity, range_predicate<R, Proj> P>
[[nodiscard]] bool any_of(context& here, R&& range, P wanted, Proj proj = {}) {
    const auto end = std::ranges::begin(range) + std::ranges::ssize(range);
    return par::find_if(here, range, std::ref(wanted), std::ref(proj)) != end;
}

template <splittable_range R, class Proj = std::identity, range_predicate<R, Proj> P>
[[nodiscard]] bool any_of(R&& range, P wanted, Proj proj = {}) {
    return region([&](context& here) {
        return par::any_of(here, std::forward<R>(range), std::ref(wanted), std::ref(proj));
    });
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_predicate<I, Proj> P>
[[nodiscard]] bool any_of(context& here, I first, S last, P wanted, Proj proj = {}) {
    return par::any_of(here, std::ranges::subrange(first, last), std::ref(wanted), std::ref(proj));
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_predicate<I, Proj> P>
[[nodiscard]] bool any_of(I first, S last, P wanted, Proj proj = {}) {
    return par::any_of(std::ranges::subrange(first, last), std::ref(wanted), std::ref(proj));
}

// Whether it is true for all of them (as it is if there are none).
template <splittable_range R, class Proj = std::identity, range_predicate<R, Proj> P>
[[nodiscard]] bool all_of(context& here, R&& range, P wanted, Proj proj = {}) {
    return !par::any_of(here, range, std::not_fn(std::ref(wanted)), std::ref(proj));
}

template <splittable_range R, class Proj = std::identity, range_predicate<R, Proj> P>
[[nodiscard]] bool all_of(R&& range, P wanted, Proj proj = {}) {
    return region([&](context& here) {
        return par::all_of(here, std::forward<R>(range), std::ref(wanted), std::ref(proj));
    });
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_predicate<I, Proj> P>
[[nodiscard]] bool all_of(context& here, I first, S last, P wanted, Proj proj = {}) {
    return par::all_of(here, std::ranges::subrange(first, last), std::ref(wanted), std::ref(proj));
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_predicate<I, Proj> P>
[[nodiscard]] bool all_of(I first, S last, P wanted, Proj proj = {}) {
    return par::all_of(std::ranges::subrange(first, last), std::ref(wanted), std::ref(proj));
}

// Whether it is true for none of them.
template <splittable_range R, class Proj = std::identity, range_predicate<R, Proj> P>
[[nodiscard]] bool none_of(context& here, R&& range, P wanted, Proj proj = {}) {
    return !par::any_of(here, range, std::ref(wanted), std::ref(proj));
}

template <splittable_range R, class Proj = std::identity, range_predicate<R, Proj> P>
[[nodiscard]] bool none_of(R&& range, P wanted, Proj proj = {}) {
    return region([&](context& here) {
        return par::none_of(here, std::forward<R>(range), std::ref(wanted), std::ref(proj));
    });
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_predicate<I, Proj> P>
[[nodiscard]] bool none_of(context& here, I first, S last, P wanted, Proj proj = {}) {
    return par::none_of(here, std::ranges::subrange(first, last), std::ref(wanted), std::ref(proj));
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_predicate<I, Proj> P>
[[nodiscard]] bool none_of(I first, S last, P wanted, Proj proj = {}) {
    return par::none_of(std::ranges::subrange(first, last), std::ref(wanted), std::ref(proj));
}

}  // namespace par
}  // namespace twill::inline TWILL_ABI
