// Combines the elements of a range into one value, in parallel if that pays.
//
//     double total = twill::par::reduce(prices, 0.0);
//     std::size_t longest = twill::par::transform_reduce(
//         lines, std::size_t{0}, [](std::size_t a, std::size_t b) { return std::max(a, b); },
//         [](const std::string& line) { return line.size(); });
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/kernels.hpp>
#include <twill/par/detail/loop.hpp>
#include <twill/par/for_each.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <optional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

// What a kernel does with a whole block: additions of numbers in memory.
template <class T, class I, class Combine, class Transform>
inline constexpr bool summed_by_kernel =
    kernels::plain_source<I, std::remove_const_t<Transform>> &&
    std::same_as<T, std::iter_value_t<I>> && addition<std::remove_const_t<Combine>, T>;

// Whether what a function gives cannot refer to what it holds.
template <class F, class Result>
inline constexpr bool gives_nothing_of_its_own = std::is_empty_v<F> || std::is_arithmetic_v<Result>;

// `value` is empty in a part until its first element: no neutral element is asked for.
template <class T, class I, class Combine, class Transform>
struct reduce_body {
    using element_type = decltype(invoke_for(
        std::declval<par::context&>(), std::declval<Transform&>(), *std::declval<const I&>()));
    static constexpr bool may_fork =
        std::invocable<Transform&, par::context&, std::iter_reference_t<I>>;
    static constexpr std::size_t at_once = summed_by_kernel<T, I, Combine, Transform> ? 4096 : 1;

    held<const I, held_by_copy<I>> first;
    held<Combine, held_by_copy<Combine> && gives_nothing_of_its_own<Combine, T>> combine;
    held<Transform, held_by_copy<Transform> && gives_nothing_of_its_own<Transform, element_type>>
        transform;
    std::optional<T> value;

    void run(par::context& here, std::size_t from, std::size_t to) {
        if (from == to) return;
        if (!value) value.emplace(invoke_for(here, *transform, element_at(*first, from++)));
        if (from == to) return;
        if constexpr (summed_by_kernel<T, I, Combine, Transform>) {
            if (to - from >= kernels::worthwhile) {
                *value = *value + kernels::sum(kernels::address(*first, from), to - from);
                return;
            }
        }
        // Locals, so that the compiler may keep them in registers.
        auto [at, together, each] = std::tuple(first, combine, transform);
        T sum = std::move(*value);
        for (std::size_t i = from; i != to; ++i)
            sum =
                std::invoke(*together, std::move(sum), invoke_for(here, *each, element_at(*at, i)));
        *value = std::move(sum);
    }
    [[gnu::always_inline]] void run_each(par::context& here, std::size_t& begun,
                                         const std::size_t& end) {
        auto [at, together, each] = std::tuple(first, combine, transform);
        const auto next = [&](std::size_t i) -> decltype(auto) {
            begun = i + 1;
            return invoke_for(here, *each, element_at(*at, i));
        };
        std::size_t i = begun;
        if constexpr (std::is_arithmetic_v<T>) {
            // In registers, as in `run`. There must be one call of `next`: an iteration that forks
            // is a large piece of code, which compilers inline in one place if at all.
            T sum = value.value_or(T{});
            bool empty = !value;
            do {
                auto&& element = next(i);
                if (empty)
                    sum = static_cast<T>(std::forward<decltype(element)>(element));
                else
                    sum = std::invoke(*together, sum, std::forward<decltype(element)>(element));
                empty = false;
            } while (++i != end && !here.poked());
            value = sum;
        } else {
            do {
                auto&& element = next(i);
                if (value)
                    *value = std::invoke(*together, std::move(*value),
                                         std::forward<decltype(element)>(element));
                else
                    value.emplace(std::forward<decltype(element)>(element));
            } while (++i != end && !here.poked());
        }
    }
    reduce_body apart() const noexcept { return {first, combine, transform, std::nullopt}; }
    void absorb(reduce_body&& right) {
        if (!right.value) return;
        if (value)
            *value = std::invoke(*combine, std::move(*value), std::move(*right.value));
        else
            value = std::move(right.value);
    }
};

template <class T, class I, class J>
struct dot_body {
    const I* first1;
    const J* first2;
    std::optional<T> value;

    void run(par::context&, std::size_t from, std::size_t to) {
        if constexpr (kernels::source<I> && kernels::source<J> &&
                      std::same_as<T, std::iter_value_t<I>> &&
                      std::same_as<T, std::iter_value_t<J>>) {
            if (to - from >= kernels::worthwhile) {
                const T dot = kernels::dot(kernels::address(*first1, from),
                                           kernels::address(*first2, from), to - from);
                value = value ? *value + dot : dot;
                return;
            }
        }
        if (from == to) return;
        if (!value) {
            value.emplace(element_at(*first1, from) * element_at(*first2, from));
            ++from;
        }
        T sum = std::move(*value);
        for (std::size_t i = from; i != to; ++i)
            sum = std::move(sum) + element_at(*first1, i) * element_at(*first2, i);
        *value = std::move(sum);
    }
    dot_body apart() const noexcept { return {first1, first2, std::nullopt}; }
    void absorb(dot_body&& right) {
        if (right.value) value = value ? std::move(*value) + *right.value : std::move(right.value);
    }
};

template <class R1, class R2>
std::size_t size_of_shorter(R1&& range1, R2&& range2) {
    return std::min(static_cast<std::size_t>(std::ranges::size(range1)),
                    static_cast<std::size_t>(std::ranges::size(range2)));
}

template <std::random_access_iterator I>
auto as_many(const I& first, std::iter_difference_t<I> count) {
    return std::ranges::subrange(first, first + count);
}

}  // namespace detail

namespace par {

// combine(... combine(combine(init, transform(e0)), transform(e1)) ...) with the brackets moved as
// the work is split: `combine` must be associative, and is only ever called with neighbours, so it
// need not be commutative. For floating point the last digits therefore depend on the split
// (and on the machine's vectors); par::deterministic has a reduction for which they do not.
// `transform` may take a context& first. T must be movable; both functions are called by several
// threads at a time, through one and the same object, or copies of it if it is trivially copyable.
//
// Throws what the functions throw, as for_each does; `cancelled`, at a beat, if the region was
// asked to stop. Any thread.
template <splittable_range R, std::movable T, class Combine,
          loop_function<std::ranges::range_reference_t<R>> Transform>
    requires std::invocable<Combine&, T, T>
[[nodiscard]] T transform_reduce(context& here, R&& range, T init, Combine&& combine,
                                 Transform&& transform) {
    const auto first = std::ranges::begin(range);
    const auto count = static_cast<std::size_t>(std::ranges::size(range));
    detail::reduce_body<T, std::remove_const_t<decltype(first)>, std::remove_reference_t<Combine>,
                        std::remove_reference_t<Transform>>
        body{first, combine, transform, std::move(init)};
    if (count != 0) detail::run_loop(here, 0, count, body);
    return std::move(*body.value);
}

template <splittable_range R, std::movable T, class Combine,
          loop_function<std::ranges::range_reference_t<R>> Transform>
    requires std::invocable<Combine&, T, T>
[[nodiscard]] T transform_reduce(R&& range, T init, Combine&& combine, Transform&& transform) {
    return region([&](context& here) {
        return par::transform_reduce(here, range, std::move(init), combine, transform);
    });
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, std::movable T,
          class Combine, loop_function<std::iter_reference_t<I>> Transform>
    requires std::invocable<Combine&, T, T>
[[nodiscard]] T transform_reduce(context& here, I first, S last, T init, Combine&& combine,
                                 Transform&& transform) {
    return par::transform_reduce(here, std::ranges::subrange(first, last), std::move(init), combine,
                                 transform);
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, std::movable T,
          class Combine, loop_function<std::iter_reference_t<I>> Transform>
    requires std::invocable<Combine&, T, T>
[[nodiscard]] T transform_reduce(I first, S last, T init, Combine&& combine,
                                 Transform&& transform) {
    return par::transform_reduce(std::ranges::subrange(first, last), std::move(init), combine,
                                 transform);
}

// init + range1[0] * range2[0] + range1[1] * range2[1] ..., up to the end of the shorter range: the
// dot product of two vectors. With the brackets moved, and otherwise as above.
template <splittable_range R1, splittable_range R2, std::movable T>
    requires(!splittable_range<T>)
[[nodiscard]] T transform_reduce(context& here, R1&& range1, R2&& range2, T init) {
    const auto first1 = std::ranges::begin(range1);
    const auto first2 = std::ranges::begin(range2);
    const std::size_t count = detail::size_of_shorter(range1, range2);
    detail::dot_body<T, std::remove_const_t<decltype(first1)>,
                     std::remove_const_t<decltype(first2)>>
        body{&first1, &first2, std::move(init)};
    if (count != 0) detail::run_loop(here, 0, count, body);
    return std::move(*body.value);
}

template <splittable_range R1, splittable_range R2, std::movable T>
    requires(!splittable_range<T>)
[[nodiscard]] T transform_reduce(R1&& range1, R2&& range2, T init) {
    return region([&](context& here) {
        return par::transform_reduce(here, range1, range2, std::move(init));
    });
}

template <std::random_access_iterator I1, std::sized_sentinel_for<I1> S1,
          std::random_access_iterator I2, std::movable T>
[[nodiscard]] T transform_reduce(context& here, I1 first1, S1 last1, I2 first2, T init) {
    return par::transform_reduce(here, std::ranges::subrange(first1, last1),
                                 detail::as_many(first2, last1 - first1), std::move(init));
}

template <std::random_access_iterator I1, std::sized_sentinel_for<I1> S1,
          std::random_access_iterator I2, std::movable T>
[[nodiscard]] T transform_reduce(I1 first1, S1 last1, I2 first2, T init) {
    return par::transform_reduce(std::ranges::subrange(first1, last1),
                                 detail::as_many(first2, last1 - first1), std::move(init));
}

// The same with other functions than + and *: combine(init, transform(range1[0], range2[0])) ...
template <splittable_range R1, splittable_range R2, std::movable T, class Combine, class Transform>
    requires std::invocable<Combine&, T, T> &&
             std::invocable<Transform&, std::ranges::range_reference_t<R1>,
                            std::ranges::range_reference_t<R2>>
[[nodiscard]] T transform_reduce(context& here, R1&& range1, R2&& range2, T init, Combine&& combine,
                                 Transform&& transform) {
    const auto first1 = std::ranges::begin(range1);
    const auto first2 = std::ranges::begin(range2);
    return transform_reduce(
        here, std::views::iota(std::size_t{0}, detail::size_of_shorter(range1, range2)),
        std::move(init), combine, [&](std::size_t i) -> decltype(auto) {
            return std::invoke(transform, detail::element_at(first1, i),
                               detail::element_at(first2, i));
        });
}

template <splittable_range R1, splittable_range R2, std::movable T, class Combine, class Transform>
    requires std::invocable<Combine&, T, T> &&
             std::invocable<Transform&, std::ranges::range_reference_t<R1>,
                            std::ranges::range_reference_t<R2>>
[[nodiscard]] T transform_reduce(R1&& range1, R2&& range2, T init, Combine&& combine,
                                 Transform&& transform) {
    return region([&](context& here) {
        return par::transform_reduce(here, range1, range2, std::move(init), combine, transform);
    });
}

template <std::random_access_iterator I1, std::sized_sentinel_for<I1> S1,
          std::random_access_iterator I2, std::movable T, class Combine, class Transform>
    requires std::invocable<Combine&, T, T> &&
             std::invocable<Transform&, std::iter_reference_t<I1>, std::iter_reference_t<I2>>
[[nodiscard]] T transform_reduce(context& here, I1 first1, S1 last1, I2 first2, T init,
                                 Combine&& combine, Transform&& transform) {
    return par::transform_reduce(here, std::ranges::subrange(first1, last1),
                                 detail::as_many(first2, last1 - first1), std::move(init), combine,
                                 transform);
}

template <std::random_access_iterator I1, std::sized_sentinel_for<I1> S1,
          std::random_access_iterator I2, std::movable T, class Combine, class Transform>
    requires std::invocable<Combine&, T, T> &&
             std::invocable<Transform&, std::iter_reference_t<I1>, std::iter_reference_t<I2>>
[[nodiscard]] T transform_reduce(I1 first1, S1 last1, I2 first2, T init, Combine&& combine,
                                 Transform&& transform) {
    return par::transform_reduce(std::ranges::subrange(first1, last1),
                                 detail::as_many(first2, last1 - first1), std::move(init), combine,
                                 transform);
}

// The elements themselves, combined.
template <splittable_range R, std::movable T = std::ranges::range_value_t<R>,
          class Combine = std::plus<>>
    requires std::invocable<Combine&, T, T>
[[nodiscard]] T reduce(context& here, R&& range, T init = {}, Combine&& combine = {}) {
    return par::transform_reduce(here, range, std::move(init), combine, std::identity());
}

template <splittable_range R, std::movable T = std::ranges::range_value_t<R>,
          class Combine = std::plus<>>
    requires std::invocable<Combine&, T, T>
[[nodiscard]] T reduce(R&& range, T init = {}, Combine&& combine = {}) {
    return par::transform_reduce(range, std::move(init), combine, std::identity());
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          std::movable T = std::iter_value_t<I>, class Combine = std::plus<>>
    requires std::invocable<Combine&, T, T>
[[nodiscard]] T reduce(context& here, I first, S last, T init = {}, Combine&& combine = {}) {
    return par::transform_reduce(here, first, last, std::move(init), combine, std::identity());
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          std::movable T = std::iter_value_t<I>, class Combine = std::plus<>>
    requires std::invocable<Combine&, T, T>
[[nodiscard]] T reduce(I first, S last, T init = {}, Combine&& combine = {}) {
    return par::transform_reduce(first, last, std::move(init), combine, std::identity());
}

}  // namespace par
}  // namespace twill::inline TWILL_ABI
