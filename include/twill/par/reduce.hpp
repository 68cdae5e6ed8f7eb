// Combines the elements of a range into one value, in parallel if that pays.
//
//     double total = twill::par::reduce(prices, 0.0);
//     std::size_t longest = twill::par::transform_reduce(
//         lines, std::size_t{0}, [](std::size_t a, std::size_t b) { return std::max(a, b); },
//         [](const std::string& line) { return line.size(); });
//     std::size_t errors = twill::par::count_if(lines, is_error);
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/loop.hpp>
#include <twill/par/for_each.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <optional>
#include <ranges>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

// `value` is empty in a part until its first element: no neutral element is asked for.
template <class T, class I, class Combine, class Transform>
struct reduce_body {
    const I* first;
    Combine* combine;
    Transform* transform;
    std::optional<T> value;

    void run(par::context& here, std::size_t from, std::size_t to) {
        if (!value && from != to) value.emplace(element(here, from++));
        if (from == to) return;
        // A local, so that the compiler may keep it in a register.
        T sum = std::move(*value);
        for (std::size_t i = from; i != to; ++i)
            sum = std::invoke(*combine, std::move(sum), element(here, i));
        *value = std::move(sum);
    }
    reduce_body apart() const noexcept { return {first, combine, transform, std::nullopt}; }
    void absorb(reduce_body&& right) {
        if (!right.value) return;
        if (value)
            *value = std::invoke(*combine, std::move(*value), std::move(*right.value));
        else
            value = std::move(right.value);
    }

private:
    decltype(auto) element(par::context& here, std::size_t i) const {
        return invoke_for(here, *transform, element_at(*first, i));
    }
};

}  // namespace detail

namespace par {

// combine(... combine(combine(init, transform(e0)), transform(e1)) ...) with the brackets moved as
// the work is split: `combine` must be associative, and is only ever called with neighbours, so it
// need not be commutative. For floating point the last digits therefore depend on the split.
// `transform` may take a context& first. T must be movable; both functions are called by several
// threads at a time.
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
        body{&first, std::addressof(combine), std::addressof(transform), std::move(init)};
    if (count != 0) detail::run_loop(here, 0, count, body);
    return std::move(*body.value);
}

template <splittable_range R, std::movable T, class Combine,
          loop_function<std::ranges::range_reference_t<R>> Transform>
    requires std::invocable<Combine&, T, T>
[[nodiscard]] T transform_reduce(R&& range, T init, Combine&& combine, Transform&& transform) {
    return region([&](context& here) {
        return transform_reduce(here, range, std::move(init), combine, transform);
    });
}

// The elements themselves, combined.
template <splittable_range R, std::movable T, class Combine = std::plus<>>
    requires std::invocable<Combine&, T, T>
[[nodiscard]] T reduce(context& here, R&& range, T init, Combine&& combine = {}) {
    return transform_reduce(here, range, std::move(init), combine, std::identity());
}

template <splittable_range R, std::movable T, class Combine = std::plus<>>
    requires std::invocable<Combine&, T, T>
[[nodiscard]] T reduce(R&& range, T init, Combine&& combine = {}) {
    return transform_reduce(range, std::move(init), combine, std::identity());
}

// How many elements `wanted` is true for.
template <splittable_range R, std::predicate<std::ranges::range_reference_t<R>> P>
[[nodiscard]] std::size_t count_if(context& here, R&& range, P&& wanted) {
    return transform_reduce(
        here, range, std::size_t{0}, std::plus<>(),
        [&](std::ranges::range_reference_t<R> element) -> std::size_t {
            return std::invoke(wanted, std::forward<decltype(element)>(element)) ? 1 : 0;
        });
}

template <splittable_range R, std::predicate<std::ranges::range_reference_t<R>> P>
[[nodiscard]] std::size_t count_if(R&& range, P&& wanted) {
    return region([&](context& here) { return count_if(here, range, wanted); });
}

}  // namespace par
}  // namespace twill::inline TWILL_ABI
