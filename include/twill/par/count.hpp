// Counts elements, in parallel if that pays.
//
//     std::size_t errors = twill::par::count_if(lines, is_error);
//     std::size_t mine = twill::par::count(orders, my_name, &order::customer);
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/kernels.hpp>
#include <twill/par/detail/loop.hpp>
#include <twill/par/for_each.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <ranges>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

// `Block` counts in the elements [from, to).
template <class Block>
struct count_body {
    const Block* block;
    std::size_t count = 0;

    void run(par::context&, std::size_t from, std::size_t to) { count += (*block)(from, to); }
    count_body apart() const noexcept { return {block}; }
    void absorb(count_body&& right) noexcept { count += right.count; }
};

// How many of [from, to) in a range of `size` are wanted, so that memory is the limit: with 32-bit
// counters, of which a vector holds twice as many, and asking for small elements earlier than the
// hardware does.
template <class I, class Wanted>
std::size_t count_wanted(const I first, std::size_t size, std::size_t from, std::size_t to,
                         const Wanted& wanted) {
    constexpr std::size_t piece = 4096;
    constexpr std::size_t together = 64;
    constexpr std::size_t line = 64;
    using element = std::iter_value_t<I>;
    std::size_t total = 0;
    while (from != to) {
        const std::size_t end = from + std::min(piece, to - from);
        std::uint32_t found = 0;
        if constexpr (std::contiguous_iterator<I> && sizeof(element) <= 16) {
            constexpr std::size_t ahead = 4096 / sizeof(element);
            for (; end - from >= together; from += together) {
                if (size - from >= ahead + together) {
                    const void* const later = std::to_address(first) + from + ahead;
                    for (std::size_t i = 0; i != together * sizeof(element) / line; ++i)
                        __builtin_prefetch(static_cast<const std::byte*>(later) + i * line);
                }
                for (std::size_t i = 0; i != together; ++i)
                    found += wanted(element_at(first, from + i)) ? 1 : 0;
            }
        }
        for (; from != end; ++from) found += wanted(element_at(first, from)) ? 1 : 0;
        total += found;
    }
    return total;
}

template <class Block>
std::size_t count_blocks(par::context& here, std::size_t size, const Block& block) {
    count_body<Block> body{&block};
    if (size != 0) run_loop(here, 0, size, body);
    return body.count;
}

}  // namespace detail

namespace par {

// For how many elements `wanted(proj(element))` is true.
//
// Throws what the functions throw, as for_each does; `cancelled`, at a beat, if the region was
// asked to stop. Any thread. The functions are called by several threads at a time.
template <splittable_range R, class Proj = std::identity, range_predicate<R, Proj> P>
[[nodiscard]] std::size_t count_if(context& here, R&& range, P wanted, Proj proj = {}) {
    const auto first = std::ranges::begin(range);
    const auto size = static_cast<std::size_t>(std::ranges::size(range));
    return detail::count_blocks(here, size, [&](std::size_t from, std::size_t to) {
        return detail::count_wanted(first, size, from, to, [&](auto&& element) {
            return static_cast<bool>(
                std::invoke(wanted, std::invoke(proj, std::forward<decltype(element)>(element))));
        });
    });
}

template <splittable_range R, class Proj = std::identity, range_predicate<R, Proj> P>
[[nodiscard]] std::size_t count_if(R&& range, P wanted, Proj proj = {}) {
    return region([&](context& here) {
        return par::count_if(here, range, std::ref(wanted), std::ref(proj));
    });
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_predicate<I, Proj> P>
[[nodiscard]] std::size_t count_if(context& here, I first, S last, P wanted, Proj proj = {}) {
    return par::count_if(here, std::ranges::subrange(first, last), std::ref(wanted),
                         std::ref(proj));
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_predicate<I, Proj> P>
[[nodiscard]] std::size_t count_if(I first, S last, P wanted, Proj proj = {}) {
    return par::count_if(std::ranges::subrange(first, last), std::ref(wanted), std::ref(proj));
}

// For how many elements proj(element) == value. Otherwise as above.
template <splittable_range R, class Proj = std::identity, range_value<R, Proj> T>
[[nodiscard]] std::size_t count(context& here, R&& range, const T& value, Proj proj = {}) {
    using iterator = std::ranges::iterator_t<R>;
    if constexpr (detail::kernels::plain_source<iterator, Proj> &&
                  std::same_as<T, std::iter_value_t<iterator>>) {
        const auto first = std::ranges::begin(range);
        return detail::count_blocks(here, static_cast<std::size_t>(std::ranges::size(range)),
                                    [&](std::size_t from, std::size_t to) {
                                        const auto* const values =
                                            detail::kernels::address(first, from);
                                        if (to - from >= detail::kernels::worthwhile)
                                            return detail::kernels::count(values, to - from, value);
                                        std::size_t found = 0;
                                        for (std::size_t i = 0; i != to - from; ++i)
                                            found += values[i] == value ? 1 : 0;
                                        return found;
                                    });
    } else {
        return count_if(
            here, range,
            [&](auto&& element) -> bool { return std::ranges::equal_to()(element, value); },
            std::ref(proj));
    }
}

template <splittable_range R, class Proj = std::identity, range_value<R, Proj> T>
[[nodiscard]] std::size_t count(R&& range, const T& value, Proj proj = {}) {
    return region([&](context& here) { return par::count(here, range, value, std::move(proj)); });
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_value<I, Proj> T>
[[nodiscard]] std::size_t count(context& here, I first, S last, const T& value, Proj proj = {}) {
    return par::count(here, std::ranges::subrange(first, last), value, std::move(proj));
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          element_value<I, Proj> T>
[[nodiscard]] std::size_t count(I first, S last, const T& value, Proj proj = {}) {
    return par::count(std::ranges::subrange(first, last), value, std::move(proj));
}

}  // namespace par
}  // namespace twill::inline TWILL_ABI
