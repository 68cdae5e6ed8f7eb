// Reductions and scans that give the same result to the last bit however many threads there are and
// whatever they do.
//
//     double total = twill::par::deterministic::reduce(prices, 0.0);
//
// The brackets of the sum are a function of the number of elements alone. par::reduce and the scans
// move them as the work happens to be split, and as the machine's vectors are wide, which shows in
// the last digits of floating point; they are a little faster. The result differs from that of a
// loop from left to right: usually it is nearer to the true sum.
//
// What does not depend on the run may still depend on the program: a compiler that is allowed to
// contract a * b + c in the user's functions, or told to ignore the order (-ffast-math), may give
// other digits.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/fixed_scan_work.hpp>
#include <twill/par/detail/fixed_tree.hpp>
#include <twill/par/detail/ordered_tiles.hpp>
#include <twill/par/for_each.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <iterator>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace par::deterministic {

// combine(init, transform of all elements, combined): `combine` must be associative but for its
// rounding, and is called with neighbours only, so it need not be commutative. Sums of numbers are
// made in blocks of 1024, in 16 lanes each; everything else in blocks of 32, from left to right;
// the blocks are combined as a binary tree. `transform` may take a context& first.
//
// Throws what the functions throw, as par::join does; `cancelled`, at a beat, if the region was
// asked to stop. Any thread. The functions are called by several threads at a time.
template <splittable_range R, std::movable T, class Combine,
          loop_function<std::ranges::range_reference_t<R>> Transform>
    requires std::invocable<Combine&, T, T>
[[nodiscard]] T transform_reduce(context& here, R&& range, T init, Combine&& combine,
                                 Transform&& transform) {
    const auto first = std::ranges::begin(range);
    const auto size = static_cast<std::size_t>(std::ranges::size(range));
    if (size == 0) return init;
    const auto element = [&](context& there, std::size_t i) -> decltype(auto) {
        return twill::detail::invoke_for(there, transform, twill::detail::element_at(first, i));
    };
    return std::invoke(combine, std::move(init),
                       twill::detail::sum_of_tree<T>(here, 0, size, combine, element));
}

template <splittable_range R, std::movable T, class Combine,
          loop_function<std::ranges::range_reference_t<R>> Transform>
    requires std::invocable<Combine&, T, T>
[[nodiscard]] T transform_reduce(R&& range, T init, Combine&& combine, Transform&& transform) {
    return region([&](context& here) {
        return deterministic::transform_reduce(here, range, std::move(init), combine, transform);
    });
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, std::movable T,
          class Combine, loop_function<std::iter_reference_t<I>> Transform>
    requires std::invocable<Combine&, T, T>
[[nodiscard]] T transform_reduce(context& here, I first, S last, T init, Combine&& combine,
                                 Transform&& transform) {
    return deterministic::transform_reduce(here, std::ranges::subrange(first, last),
                                           std::move(init), combine, transform);
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, std::movable T,
          class Combine, loop_function<std::iter_reference_t<I>> Transform>
    requires std::invocable<Combine&, T, T>
[[nodiscard]] T transform_reduce(I first, S last, T init, Combine&& combine,
                                 Transform&& transform) {
    return deterministic::transform_reduce(std::ranges::subrange(first, last), std::move(init),
                                           combine, transform);
}

// The elements themselves, combined.
template <splittable_range R, std::movable T = std::ranges::range_value_t<R>,
          class Combine = std::plus<>>
    requires std::invocable<Combine&, T, T>
[[nodiscard]] T reduce(context& here, R&& range, T init = {}, Combine&& combine = {}) {
    return deterministic::transform_reduce(here, range, std::move(init), combine, std::identity());
}

template <splittable_range R, std::movable T = std::ranges::range_value_t<R>,
          class Combine = std::plus<>>
    requires std::invocable<Combine&, T, T>
[[nodiscard]] T reduce(R&& range, T init = {}, Combine&& combine = {}) {
    return deterministic::transform_reduce(range, std::move(init), combine, std::identity());
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          std::movable T = std::iter_value_t<I>, class Combine = std::plus<>>
    requires std::invocable<Combine&, T, T>
[[nodiscard]] T reduce(context& here, I first, S last, T init = {}, Combine&& combine = {}) {
    return deterministic::transform_reduce(here, first, last, std::move(init), combine,
                                           std::identity());
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          std::movable T = std::iter_value_t<I>, class Combine = std::plus<>>
    requires std::invocable<Combine&, T, T>
[[nodiscard]] T reduce(I first, S last, T init = {}, Combine&& combine = {}) {
    return deterministic::transform_reduce(first, last, std::move(init), combine, std::identity());
}

}  // namespace par::deterministic

namespace detail {

template <bool Inclusive, class R, class O, class Op, class T>
O fixed_scan(par::context& here, R&& range, O output, Op& op, std::optional<T> init) {
    const auto first = std::ranges::begin(range);
    const auto size = static_cast<std::size_t>(std::ranges::size(range));
    fixed_scan_work<Inclusive, std::remove_const_t<decltype(first)>, O, Op, T> work{
        &first, &output, &op, std::move(init)};
    ordered_tiles tiles(work, size);
    tiles.run(here);
    return output + static_cast<std::iter_difference_t<O>>(size);
}

}  // namespace detail

namespace par::deterministic {

// As par::inclusive_scan; `op` is called twice an element. Blocks are summed as for reduce; each
// begins from the sums of those before, added from left to right, and goes on element by element.
template <splittable_range R, std::random_access_iterator O, class Op = std::plus<>>
    requires std::copyable<std::ranges::range_value_t<R>>
O inclusive_scan(context& here, R&& range, O output, Op op = {}) {
    return twill::detail::fixed_scan<true>(here, range, std::move(output), op,
                                           std::optional<std::ranges::range_value_t<R>>());
}

template <splittable_range R, std::random_access_iterator O, class Op = std::plus<>>
    requires std::copyable<std::ranges::range_value_t<R>>
O inclusive_scan(R&& range, O output, Op op = {}) {
    return region([&](context& here) {
        return twill::detail::fixed_scan<true>(here, range, std::move(output), op,
                                               std::optional<std::ranges::range_value_t<R>>());
    });
}

template <splittable_range R, std::random_access_iterator O, class Op, std::copyable T>
O inclusive_scan(context& here, R&& range, O output, Op op, T init) {
    return twill::detail::fixed_scan<true>(here, range, std::move(output), op,
                                           std::optional<T>(std::move(init)));
}

template <splittable_range R, std::random_access_iterator O, class Op, std::copyable T>
O inclusive_scan(R&& range, O output, Op op, T init) {
    return region([&](context& here) {
        return twill::detail::fixed_scan<true>(here, range, std::move(output), op,
                                               std::optional<T>(std::move(init)));
    });
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          std::random_access_iterator O, class... More>
O inclusive_scan(context& here, I first, S last, O output, More... op_and_init) {
    return deterministic::inclusive_scan(here, std::ranges::subrange(first, last),
                                         std::move(output), std::move(op_and_init)...);
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          std::random_access_iterator O, class... More>
O inclusive_scan(I first, S last, O output, More... op_and_init) {
    return deterministic::inclusive_scan(std::ranges::subrange(first, last), std::move(output),
                                         std::move(op_and_init)...);
}

// As par::exclusive_scan, likewise.
template <splittable_range R, std::random_access_iterator O, std::copyable T,
          class Op = std::plus<>>
O exclusive_scan(context& here, R&& range, O output, T init, Op op = {}) {
    return twill::detail::fixed_scan<false>(here, range, std::move(output), op,
                                            std::optional<T>(std::move(init)));
}

template <splittable_range R, std::random_access_iterator O, std::copyable T,
          class Op = std::plus<>>
O exclusive_scan(R&& range, O output, T init, Op op = {}) {
    return region([&](context& here) {
        return twill::detail::fixed_scan<false>(here, range, std::move(output), op,
                                                std::optional<T>(std::move(init)));
    });
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          std::random_access_iterator O, std::copyable T, class Op = std::plus<>>
O exclusive_scan(context& here, I first, S last, O output, T init, Op op = {}) {
    return deterministic::exclusive_scan(here, std::ranges::subrange(first, last),
                                         std::move(output), std::move(init), std::move(op));
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          std::random_access_iterator O, std::copyable T, class Op = std::plus<>>
O exclusive_scan(I first, S last, O output, T init, Op op = {}) {
    return deterministic::exclusive_scan(std::ranges::subrange(first, last), std::move(output),
                                         std::move(init), std::move(op));
}

}  // namespace par::deterministic
}  // namespace twill::inline TWILL_ABI
