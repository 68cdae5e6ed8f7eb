// Compares two ranges element by element, in parallel if that pays.
//
//     bool same = twill::par::equal(before, after);
//     auto [in_a, in_b] = twill::par::mismatch(a, b);   // the first difference
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/kernels.hpp>
#include <twill/par/detail/search.hpp>
#include <twill/par/for_each.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <iterator>
#include <ranges>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

// The first place of [0, size) where the two differ, or size.
template <class I, class J, class Same>
std::size_t first_difference(par::context& here, const I& first1, const J& first2, std::size_t size,
                             Same& same) {
    return search(here, size, [&](std::size_t from, std::size_t to) {
        if constexpr (kernels::source<I> && kernels::source<J> &&
                      std::same_as<std::iter_value_t<I>, std::iter_value_t<J>> &&
                      (std::same_as<Same, std::ranges::equal_to> ||
                       std::same_as<Same, std::equal_to<>>)) {
            if (to - from >= kernels::worthwhile)
                return from + kernels::mismatch(kernels::address(first1, from),
                                                kernels::address(first2, from), to - from);
        }
        while (from != to && std::invoke(same, element_at(first1, from), element_at(first2, from)))
            ++from;
        return from;
    });
}

}  // namespace detail

namespace par {

// The first places where `same(range1[i], range2[i])` is false, or those at the end of the shorter
// range.
//
// `same` is called by several threads at a time; which pairs behind a difference it is called for
// is left open. Throws what it throws, also behind a difference; `cancelled`, at a beat, if the
// region was asked to stop. Any thread.
template <splittable_range R1, splittable_range R2, class Same = std::ranges::equal_to>
    requires std::indirect_binary_predicate<Same, std::ranges::iterator_t<R1>,
                                            std::ranges::iterator_t<R2>>
[[nodiscard]] std::ranges::mismatch_result<std::ranges::borrowed_iterator_t<R1>,
                                           std::ranges::borrowed_iterator_t<R2>>
mismatch(context& here, R1&& range1, R2&& range2, Same same = {}) {
    const auto first1 = std::ranges::begin(range1);
    const auto first2 = std::ranges::begin(range2);
    const std::size_t place =
        detail::first_difference(here, first1, first2,
                                 std::min(static_cast<std::size_t>(std::ranges::size(range1)),
                                          static_cast<std::size_t>(std::ranges::size(range2))),
                                 same);
    return {first1 + static_cast<std::ranges::range_difference_t<R1>>(place),
            first2 + static_cast<std::ranges::range_difference_t<R2>>(place)};
}

template <splittable_range R1, splittable_range R2, class Same = std::ranges::equal_to>
    requires std::indirect_binary_predicate<Same, std::ranges::iterator_t<R1>,
                                            std::ranges::iterator_t<R2>>
[[nodiscard]] auto mismatch(R1&& range1, R2&& range2, Same same = {}) {
    return region([&](context& here) {
        return mismatch(here, std::forward<R1>(range1), std::forward<R2>(range2), std::move(same));
    });
}

// Whether the ranges have as many elements, and all pairs are the same. Otherwise as above.
template <splittable_range R1, splittable_range R2, class Same = std::ranges::equal_to>
    requires std::indirect_binary_predicate<Same, std::ranges::iterator_t<R1>,
                                            std::ranges::iterator_t<R2>>
[[nodiscard]] bool equal(context& here, R1&& range1, R2&& range2, Same same = {}) {
    const auto size = static_cast<std::size_t>(std::ranges::size(range1));
    if (size != static_cast<std::size_t>(std::ranges::size(range2))) return false;
    return detail::first_difference(here, std::ranges::begin(range1), std::ranges::begin(range2),
                                    size, same) == size;
}

template <splittable_range R1, splittable_range R2, class Same = std::ranges::equal_to>
    requires std::indirect_binary_predicate<Same, std::ranges::iterator_t<R1>,
                                            std::ranges::iterator_t<R2>>
[[nodiscard]] bool equal(R1&& range1, R2&& range2, Same same = {}) {
    return region([&](context& here) { return equal(here, range1, range2, std::move(same)); });
}

}  // namespace par
}  // namespace twill::inline TWILL_ABI
