// Sorts a range, in parallel if that pays; elements that compare equal keep their order.
//
//     twill::par::stable_sort(messages, std::less<>(), &message::arrived);
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/merging.hpp>
#include <twill/par/for_each.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <iterator>
#include <ranges>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace par {

// Sorts by compare(project(a), project(b)) as std::ranges::stable_sort does, with memory for a copy
// of the range.
//
// Throws: what the functions throw; `cancelled`, at a beat, if the region was asked to stop;
// std::bad_alloc when there is no memory for the copy. The range then holds the same elements in
// some order (unless moving one threw). Complexity: O(n log n) work, span O(log^3 n). `compare` and
// `project` are called by several threads at a time. Any thread.
template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          class Compare = std::ranges::less, class Project = std::identity>
    requires std::sortable<I, Compare, Project>
void stable_sort(context& here, I first, S last, Compare compare = {}, Project project = {}) {
    const detail::projected_less<Compare, Project> less{&compare, &project};
    const std::ptrdiff_t count = last - first;
    if (count <= 24)
        detail::sort_few(first, first + count, less);
    else
        detail::stable_sort_by(here, first, count, less);
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          class Compare = std::ranges::less, class Project = std::identity>
    requires std::sortable<I, Compare, Project>
void stable_sort(I first, S last, Compare compare = {}, Project project = {}) {
    region([&](context& here) {
        par::stable_sort(here, first, last, std::move(compare), std::move(project));
    });
}

template <splittable_range R, class Compare = std::ranges::less, class Project = std::identity>
    requires std::sortable<std::ranges::iterator_t<R>, Compare, Project>
void stable_sort(context& here, R&& range, Compare compare = {}, Project project = {}) {
    const auto first = std::ranges::begin(range);
    par::stable_sort(here, first, first + std::ranges::distance(range), std::move(compare),
                     std::move(project));
}

template <splittable_range R, class Compare = std::ranges::less, class Project = std::identity>
    requires std::sortable<std::ranges::iterator_t<R>, Compare, Project>
void stable_sort(R&& range, Compare compare = {}, Project project = {}) {
    const auto first = std::ranges::begin(range);
    par::stable_sort(first, first + std::ranges::distance(range), std::move(compare),
                     std::move(project));
}

}  // namespace par
}  // namespace twill::inline TWILL_ABI
