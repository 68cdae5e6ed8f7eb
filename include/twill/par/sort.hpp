// Sorts a range, in parallel if that pays.
//
//     twill::par::sort(latencies);
//     twill::par::sort(orders, std::greater<>(), &order::price);
//
// Numbers in contiguous memory in their natural order or its reverse are sorted with vector
// instructions, an order of magnitude faster than by comparisons. Strings in their natural order or
// its reverse are mostly told apart by eight bytes that are kept at hand.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/quicksort.hpp>
#include <twill/par/detail/sort_keys.hpp>
#include <twill/par/for_each.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <ranges>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

// A range this short is sorted before a region has been begun.
inline constexpr std::size_t sorted_without_region = 20;

}  // namespace detail

namespace par {

// Sorts by compare(project(a), project(b)), std::ranges::less of the elements themselves if nothing
// else is said. Elements that compare equal come in any order. In place but for a few kilobytes a
// million elements, and up to a megabyte a thread for strings, without which it goes on more
// slowly.
//
// Numbers (integers of 2 to 8 bytes, float, double) with std::less or std::greater: -0.0 comes
// before 0.0, and NaNs, which std::sort must not be given, are put at the ends by their sign.
// Throws: what the functions throw; `cancelled`, at a beat, if the region was asked to stop. The
// range then holds the same elements in some order (unless moving one threw). Complexity: O(n log
// n) work, whatever the input; span O(log^2 n) parts of 2^15 elements. `compare` and `project` are
// called by several threads at a time. Any thread.
template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          class Compare = std::ranges::less, class Project = std::identity>
    requires std::sortable<I, Compare, Project>
void sort(context& here, I first, S last, Compare compare = {}, Project project = {}) {
    const auto count = static_cast<std::size_t>(last - first);
    if constexpr (detail::sorts_keys<I, Compare, Project>) {
        using key = std::iter_value_t<I>;
        constexpr bool descending = detail::is_greater<Compare, key>;
        if (count * sizeof(key) <= detail::bytes_sorted_serially)
            detail::sort_keys_serially(std::to_address(first), count, detail::kind_of_key<key>(),
                                       descending);
        else
            detail::sort_keys(here, std::to_address(first), count, detail::kind_of_key<key>(),
                              descending);
    } else {
        const detail::element_less<I, Compare, Project> less{&compare, &project};
        detail::quicksort(first, count, less).run(here);
    }
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          class Compare = std::ranges::less, class Project = std::identity>
    requires std::sortable<I, Compare, Project>
void sort(I first, S last, Compare compare = {}, Project project = {}) {
    const auto count = static_cast<std::size_t>(last - first);
    if constexpr (detail::sorts_keys<I, Compare, Project>) {
        using key = std::iter_value_t<I>;
        if (count * sizeof(key) <= detail::bytes_sorted_serially)
            return detail::sort_keys_serially(std::to_address(first), count,
                                              detail::kind_of_key<key>(),
                                              detail::is_greater<Compare, key>);
    } else if (count <= detail::sorted_without_region) {
        const detail::projected_less<Compare, Project> less{&compare, &project};
        return detail::sort_few(first, first + static_cast<std::iter_difference_t<I>>(count), less);
    }
    region([&](context& here) {
        par::sort(here, first, last, std::move(compare), std::move(project));
    });
}

template <splittable_range R, class Compare = std::ranges::less, class Project = std::identity>
    requires std::sortable<std::ranges::iterator_t<R>, Compare, Project>
void sort(context& here, R&& range, Compare compare = {}, Project project = {}) {
    const auto first = std::ranges::begin(range);
    par::sort(here, first, first + std::ranges::distance(range), std::move(compare),
              std::move(project));
}

template <splittable_range R, class Compare = std::ranges::less, class Project = std::identity>
    requires std::sortable<std::ranges::iterator_t<R>, Compare, Project>
void sort(R&& range, Compare compare = {}, Project project = {}) {
    const auto first = std::ranges::begin(range);
    par::sort(first, first + std::ranges::distance(range), std::move(compare), std::move(project));
}

}  // namespace par
}  // namespace twill::inline TWILL_ABI
