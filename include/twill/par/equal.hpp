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
template <class I, class J, class Same, class Proj1, class Proj2>
std::size_t first_difference(par::context& here, const I& first1, const J& first2, std::size_t size,
                             Same& same, Proj1& proj1, Proj2& proj2) {
    return search(here, size, [&](std::size_t from, std::size_t to) {
        if constexpr (kernels::plain_source<I, Proj1> && kernels::plain_source<J, Proj2> &&
                      std::same_as<std::iter_value_t<I>, std::iter_value_t<J>> &&
                      (std::same_as<Same, std::ranges::equal_to> ||
                       std::same_as<Same, std::equal_to<>>)) {
            if (to - from >= kernels::worthwhile)
                return from + kernels::mismatch(kernels::address(first1, from),
                                                kernels::address(first2, from), to - from);
        }
        while (from != to && std::invoke(same, std::invoke(proj1, element_at(first1, from)),
                                         std::invoke(proj2, element_at(first2, from))))
            ++from;
        return from;
    });
}

}  // namespace detail

namespace par {

// The first places where `same(proj1(range1[i]), proj2(range2[i]))` is false, or those at the end
// of the shorter range.
//
// The functions are called by several threads at a time; which pairs behind a difference they are
// called for is left open. Throws what they throw, also behind a difference; `cancelled`, at a
// beat, if the region was asked to stop. Any thread.
template <splittable_range R1, splittable_range R2, class Same = std::ranges::equal_to,
          class Proj1 = std::identity, class Proj2 = std::identity>
    requires std::indirectly_comparable<std::ranges::iterator_t<R1>, std::ranges::iterator_t<R2>,
                                        Same, Proj1, Proj2>
[[nodiscard]] std::ranges::mismatch_result<std::ranges::borrowed_iterator_t<R1>,
                                           std::ranges::borrowed_iterator_t<R2>>
mismatch(context& here, R1&& range1, R2&& range2, Same same = {}, Proj1 proj1 = {},
         Proj2 proj2 = {}) {
    const auto first1 = std::ranges::begin(range1);
    const auto first2 = std::ranges::begin(range2);
    const std::size_t place =
        detail::first_difference(here, first1, first2,
                                 std::min(static_cast<std::size_t>(std::ranges::size(range1)),
                                          static_cast<std::size_t>(std::ranges::size(range2))),
                                 same, proj1, proj2);
    return {first1 + static_cast<std::ranges::range_difference_t<R1>>(place),
            first2 + static_cast<std::ranges::range_difference_t<R2>>(place)};
}

template <splittable_range R1, splittable_range R2, class Same = std::ranges::equal_to,
          class Proj1 = std::identity, class Proj2 = std::identity>
    requires std::indirectly_comparable<std::ranges::iterator_t<R1>, std::ranges::iterator_t<R2>,
                                        Same, Proj1, Proj2>
[[nodiscard]] auto mismatch(R1&& range1, R2&& range2, Same same = {}, Proj1 proj1 = {},
                            Proj2 proj2 = {}) {
    return region([&](context& here) {
        return par::mismatch(here, std::forward<R1>(range1), std::forward<R2>(range2),
                             std::move(same), std::move(proj1), std::move(proj2));
    });
}

template <std::random_access_iterator I1, std::sized_sentinel_for<I1> S1,
          std::random_access_iterator I2, std::sized_sentinel_for<I2> S2,
          class Same = std::ranges::equal_to, class Proj1 = std::identity,
          class Proj2 = std::identity>
    requires std::indirectly_comparable<I1, I2, Same, Proj1, Proj2>
[[nodiscard]] auto mismatch(context& here, I1 first1, S1 last1, I2 first2, S2 last2, Same same = {},
                            Proj1 proj1 = {}, Proj2 proj2 = {}) {
    return par::mismatch(here, std::ranges::subrange(first1, last1),
                         std::ranges::subrange(first2, last2), std::move(same), std::move(proj1),
                         std::move(proj2));
}

template <std::random_access_iterator I1, std::sized_sentinel_for<I1> S1,
          std::random_access_iterator I2, std::sized_sentinel_for<I2> S2,
          class Same = std::ranges::equal_to, class Proj1 = std::identity,
          class Proj2 = std::identity>
    requires std::indirectly_comparable<I1, I2, Same, Proj1, Proj2>
[[nodiscard]] auto mismatch(I1 first1, S1 last1, I2 first2, S2 last2, Same same = {},
                            Proj1 proj1 = {}, Proj2 proj2 = {}) {
    return par::mismatch(std::ranges::subrange(first1, last1), std::ranges::subrange(first2, last2),
                         std::move(same), std::move(proj1), std::move(proj2));
}

// Whether the ranges have as many elements, and all pairs are the same. Otherwise as above.
template <splittable_range R1, splittable_range R2, class Same = std::ranges::equal_to,
          class Proj1 = std::identity, class Proj2 = std::identity>
    requires std::indirectly_comparable<std::ranges::iterator_t<R1>, std::ranges::iterator_t<R2>,
                                        Same, Proj1, Proj2>
[[nodiscard]] bool equal(context& here, R1&& range1, R2&& range2, Same same = {}, Proj1 proj1 = {},
                         Proj2 proj2 = {}) {
    const auto size = static_cast<std::size_t>(std::ranges::size(range1));
    if (size != static_cast<std::size_t>(std::ranges::size(range2))) return false;
    return detail::first_difference(here, std::ranges::begin(range1), std::ranges::begin(range2),
                                    size, same, proj1, proj2) == size;
}

template <splittable_range R1, splittable_range R2, class Same = std::ranges::equal_to,
          class Proj1 = std::identity, class Proj2 = std::identity>
    requires std::indirectly_comparable<std::ranges::iterator_t<R1>, std::ranges::iterator_t<R2>,
                                        Same, Proj1, Proj2>
[[nodiscard]] bool equal(R1&& range1, R2&& range2, Same same = {}, Proj1 proj1 = {},
                         Proj2 proj2 = {}) {
    return region([&](context& here) {
        return par::equal(here, range1, range2, std::move(same), std::move(proj1),
                          std::move(proj2));
    });
}

template <std::random_access_iterator I1, std::sized_sentinel_for<I1> S1,
          std::random_access_iterator I2, std::sized_sentinel_for<I2> S2,
          class Same = std::ranges::equal_to, class Proj1 = std::identity,
          class Proj2 = std::identity>
    requires std::indirectly_comparable<I1, I2, Same, Proj1, Proj2>
[[nodiscard]] bool equal(context& here, I1 first1, S1 last1, I2 first2, S2 last2, Same same = {},
                         Proj1 proj1 = {}, Proj2 proj2 = {}) {
    return par::equal(here, std::ranges::subrange(first1, last1),
                      std::ranges::subrange(first2, last2), std::move(same), std::move(proj1),
                      std::move(proj2));
}

template <std::random_access_iterator I1, std::sized_sentinel_for<I1> S1,
          std::random_access_iterator I2, std::sized_sentinel_for<I2> S2,
          class Same = std::ranges::equal_to, class Proj1 = std::identity,
          class Proj2 = std::identity>
    requires std::indirectly_comparable<I1, I2, Same, Proj1, Proj2>
[[nodiscard]] bool equal(I1 first1, S1 last1, I2 first2, S2 last2, Same same = {}, Proj1 proj1 = {},
                         Proj2 proj2 = {}) {
    return par::equal(std::ranges::subrange(first1, last1), std::ranges::subrange(first2, last2),
                      std::move(same), std::move(proj1), std::move(proj2));
}

}  // namespace par
}  // namespace twill::inline TWILL_ABI
