// Merges two sorted ranges, in parallel if that pays.
//
//     std::vector<event> all(here.size() + there.size());
//     twill::par::merge(here, there, all.begin(), std::less<>(), &event::at, &event::at);
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/merging.hpp>
#include <twill/par/for_each.hpp>

#include <algorithm>
#include <concepts>
#include <functional>
#include <iterator>
#include <ranges>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

template <class Compare, class Left, class Right>
struct merge_order {
    Compare* compare;
    Left* left;
    Right* right;
};

template <class I, class J, class O, class Order>
void merge_copying(par::context& here, I left, I left_end, J right, J right_end, O out,
                   const Order& order) {
    const auto count = (left_end - left) + (right_end - right);
    if (count <= merged_serially) {
        std::ranges::merge(left, left_end, right, right_end, out, std::ref(*order.compare),
                           std::ref(*order.left), std::ref(*order.right));
        return;
    }
    I left_cut = left;
    J right_cut = right;
    if (left_end - left >= right_end - right) {
        left_cut = left + (left_end - left) / 2;
        right_cut = std::ranges::lower_bound(right, right_end, std::invoke(*order.left, *left_cut),
                                             std::ref(*order.compare), std::ref(*order.right));
    } else {
        right_cut = right + (right_end - right) / 2;
        left_cut = std::ranges::upper_bound(left, left_end, std::invoke(*order.right, *right_cut),
                                            std::ref(*order.compare), std::ref(*order.left));
    }
    const O middle =
        out + static_cast<std::iter_difference_t<O>>((left_cut - left) + (right_cut - right));
    par::join(
        here,
        [&](par::context& c) { merge_copying(c, left, left_cut, right, right_cut, out, order); },
        [&](par::context& c) {
            merge_copying(c, left_cut, left_end, right_cut, right_end, middle, order);
        });
}

}  // namespace detail

namespace par {

// Writes the elements of both sorted ranges to `out`, sorted; of equal ones those of `left` first,
// each in their order. Returns the end of what it wrote. `out` must not overlap the inputs.
//
// Throws: what the functions throw; `cancelled`, at a beat, if the region was asked to stop. The
// inputs are unchanged then, and any of the output may have been written. Complexity: O(n) work,
// span O(log^2 n) and 8192 elements. The functions are called by several threads at a time. Any
// thread.
template <splittable_range R1, splittable_range R2, std::random_access_iterator O,
          class Compare = std::ranges::less, class Project1 = std::identity,
          class Project2 = std::identity>
    requires std::mergeable<std::ranges::iterator_t<R1>, std::ranges::iterator_t<R2>, O, Compare,
                            Project1, Project2>
O merge(context& here, R1&& left, R2&& right, O out, Compare compare = {}, Project1 project1 = {},
        Project2 project2 = {}) {
    const auto left_begin = std::ranges::begin(left);
    const auto left_size = std::ranges::distance(left);
    const auto right_begin = std::ranges::begin(right);
    const auto right_size = std::ranges::distance(right);
    const detail::merge_order<Compare, Project1, Project2> order{&compare, &project1, &project2};
    detail::merge_copying(here, left_begin, left_begin + left_size, right_begin,
                          right_begin + right_size, out, order);
    return out + static_cast<std::iter_difference_t<O>>(left_size + right_size);
}

template <splittable_range R1, splittable_range R2, std::random_access_iterator O,
          class Compare = std::ranges::less, class Project1 = std::identity,
          class Project2 = std::identity>
    requires std::mergeable<std::ranges::iterator_t<R1>, std::ranges::iterator_t<R2>, O, Compare,
                            Project1, Project2>
O merge(R1&& left, R2&& right, O out, Compare compare = {}, Project1 project1 = {},
        Project2 project2 = {}) {
    return region([&](context& here) {
        return par::merge(here, left, right, out, std::move(compare), std::move(project1),
                          std::move(project2));
    });
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          std::random_access_iterator J, std::sized_sentinel_for<J> T,
          std::random_access_iterator O, class Compare = std::ranges::less,
          class Project1 = std::identity, class Project2 = std::identity>
    requires std::mergeable<I, J, O, Compare, Project1, Project2>
O merge(context& here, I left, S left_end, J right, T right_end, O out, Compare compare = {},
        Project1 project1 = {}, Project2 project2 = {}) {
    return par::merge(here, std::ranges::subrange(left, left_end),
                      std::ranges::subrange(right, right_end), out, std::move(compare),
                      std::move(project1), std::move(project2));
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          std::random_access_iterator J, std::sized_sentinel_for<J> T,
          std::random_access_iterator O, class Compare = std::ranges::less,
          class Project1 = std::identity, class Project2 = std::identity>
    requires std::mergeable<I, J, O, Compare, Project1, Project2>
O merge(I left, S left_end, J right, T right_end, O out, Compare compare = {},
        Project1 project1 = {}, Project2 project2 = {}) {
    return par::merge(std::ranges::subrange(left, left_end),
                      std::ranges::subrange(right, right_end), out, std::move(compare),
                      std::move(project1), std::move(project2));
}

}  // namespace par
}  // namespace twill::inline TWILL_ABI
