// Writes the sums of all beginnings of a range (or what else an operation makes of them), in
// parallel if that pays.
//
//     twill::par::inclusive_scan(samples, totals.begin());                  // 3 1 4 -> 3 4 8
//     twill::par::exclusive_scan(sizes, offsets.begin(), std::size_t{0});   // 3 1 4 -> 0 3 4
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/ordered_tiles.hpp>
#include <twill/par/detail/scan_work.hpp>
#include <twill/par/for_each.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

template <bool Inclusive, class R, class O, class Op, class T>
O scan(par::context& here, R&& range, O output, Op& op, std::optional<T> init) {
    const auto first = std::ranges::begin(range);
    const auto size = static_cast<std::size_t>(std::ranges::size(range));
    using work_type = scan_work<Inclusive, std::remove_const_t<decltype(first)>, O, Op, T>;
    work_type work{&first, &output, &op, std::move(init), size >= work_type::large / sizeof(T)};
    ordered_tiles tiles(work, size);
    tiles.run(here);
    return output + static_cast<std::iter_difference_t<O>>(size);
}

}  // namespace detail

namespace par {

// output[i] = op(... op(op(init, e[0]), e[1]) ..., e[i]), or without init, with the brackets moved
// as the work is split: `op` must be associative, need not be commutative, and is called by several
// threads at a time. For floating point the last digits therefore depend on the split;
// par::deterministic has a scan for which they do not. `output` may begin where the range does;
// otherwise the two must not overlap.
//
// Result: the end of the output. `op` is called up to twice an element, and not more often than
// the standard's while nobody has time to help.
// Throws what `op` throws, or copying a T; `cancelled` if the region was asked to stop: some
// outputs were written then, others not. Any thread.
template <splittable_range R, std::random_access_iterator O, class Op = std::plus<>>
    requires std::copyable<std::ranges::range_value_t<R>>
O inclusive_scan(context& here, R&& range, O output, Op op = {}) {
    return detail::scan<true>(here, range, std::move(output), op,
                              std::optional<std::ranges::range_value_t<R>>());
}

template <splittable_range R, std::random_access_iterator O, class Op = std::plus<>>
    requires std::copyable<std::ranges::range_value_t<R>>
O inclusive_scan(R&& range, O output, Op op = {}) {
    return region([&](context& here) {
        return detail::scan<true>(here, range, std::move(output), op,
                                  std::optional<std::ranges::range_value_t<R>>());
    });
}

template <splittable_range R, std::random_access_iterator O, class Op, std::copyable T>
O inclusive_scan(context& here, R&& range, O output, Op op, T init) {
    return detail::scan<true>(here, range, std::move(output), op,
                              std::optional<T>(std::move(init)));
}

template <splittable_range R, std::random_access_iterator O, class Op, std::copyable T>
O inclusive_scan(R&& range, O output, Op op, T init) {
    return region([&](context& here) {
        return detail::scan<true>(here, range, std::move(output), op,
                                  std::optional<T>(std::move(init)));
    });
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          std::random_access_iterator O, class... More>
O inclusive_scan(context& here, I first, S last, O output, More... op_and_init) {
    return par::inclusive_scan(here, std::ranges::subrange(first, last), std::move(output),
                               std::move(op_and_init)...);
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          std::random_access_iterator O, class... More>
O inclusive_scan(I first, S last, O output, More... op_and_init) {
    return par::inclusive_scan(std::ranges::subrange(first, last), std::move(output),
                               std::move(op_and_init)...);
}

// output[i] = op(... op(init, e[0]) ..., e[i - 1]), so output[0] = init. Otherwise as above.
template <splittable_range R, std::random_access_iterator O, std::copyable T,
          class Op = std::plus<>>
O exclusive_scan(context& here, R&& range, O output, T init, Op op = {}) {
    return detail::scan<false>(here, range, std::move(output), op,
                               std::optional<T>(std::move(init)));
}

template <splittable_range R, std::random_access_iterator O, std::copyable T,
          class Op = std::plus<>>
O exclusive_scan(R&& range, O output, T init, Op op = {}) {
    return region([&](context& here) {
        return detail::scan<false>(here, range, std::move(output), op,
                                   std::optional<T>(std::move(init)));
    });
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          std::random_access_iterator O, std::copyable T, class Op = std::plus<>>
O exclusive_scan(context& here, I first, S last, O output, T init, Op op = {}) {
    return par::exclusive_scan(here, std::ranges::subrange(first, last), std::move(output),
                               std::move(init), std::move(op));
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          std::random_access_iterator O, std::copyable T, class Op = std::plus<>>
O exclusive_scan(I first, S last, O output, T init, Op op = {}) {
    return par::exclusive_scan(std::ranges::subrange(first, last), std::move(output),
                               std::move(init), std::move(op));
}

}  // namespace par
}  // namespace twill::inline TWILL_ABI
