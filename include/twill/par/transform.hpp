// Writes what a function makes of each element, or of each pair of elements, to an output, in
// parallel if that pays.
//
//     twill::par::transform(celsius, fahrenheit.begin(), [](double c) { return c * 1.8 + 32; });
//     twill::par::transform(xs, ys, sums.begin(), std::plus<>());
//     twill::par::transform(people, names.begin(), capitalise, &person::name);
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/loop.hpp>
#include <twill/par/for_each.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <ranges>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace par {

// What can be called with the elements X, perhaps after the context of the thread that runs it.
template <class F, class... X>
concept element_function = std::invocable<F&, context&, X...> || std::invocable<F&, X...>;

}  // namespace par

namespace detail {

template <class F, class... X>
decltype(auto) invoke_with(par::context& here, F& function, X&&... elements) {
    if constexpr (std::invocable<F&, par::context&, X...>)
        return std::invoke(function, here, std::forward<X>(elements)...);
    else
        return std::invoke(function, std::forward<X>(elements)...);
}

// Copies of the iterators live in `run`, where stores through one of them cannot change them.
template <class I, class O, class F, class Proj>
struct transform_body {
    const I* first;
    const O* output;
    F* function;
    Proj* proj;

    void run(par::context& here, std::size_t from, std::size_t to) {
        const I in = *first;
        const O out = *output;
        for (std::size_t i = from; i != to; ++i)
            element_at(out, i) =
                invoke_with(here, *function, std::invoke(*proj, element_at(in, i)));
    }
    transform_body apart() const noexcept { return *this; }
    void absorb(transform_body&&) noexcept {}
};

template <class I, class J, class O, class F, class Proj1, class Proj2>
struct transform_pairs_body {
    const I* first1;
    const J* first2;
    const O* output;
    F* function;
    Proj1* proj1;
    Proj2* proj2;

    void run(par::context& here, std::size_t from, std::size_t to) {
        const I in1 = *first1;
        const J in2 = *first2;
        const O out = *output;
        for (std::size_t i = from; i != to; ++i)
            element_at(out, i) =
                invoke_with(here, *function, std::invoke(*proj1, element_at(in1, i)),
                            std::invoke(*proj2, element_at(in2, i)));
    }
    transform_pairs_body apart() const noexcept { return *this; }
    void absorb(transform_pairs_body&&) noexcept {}
};

template <class R>
std::size_t size_of(R&& range) {
    return static_cast<std::size_t>(std::ranges::size(range));
}

// The iterator `n` steps behind `first`.
template <std::random_access_iterator I>
I iterator_at(const I& first, std::size_t n) {
    return first + static_cast<std::iter_difference_t<I>>(n);
}

}  // namespace detail

namespace par {

// output[i] = function(proj(range[i])) for each i; `function` may take a context& first. The output
// may begin where the range does; otherwise the two must not overlap.
//
// Result: the ends of input and output, as std::ranges::transform gives them.
// Throws what the functions throw, as for_each does, and `cancelled`, at a beat, if the region was
// asked to stop: some outputs were written then, others not. Any thread. The functions are called
// by several threads at a time.
template <splittable_range R, std::random_access_iterator O, class F, class Proj = std::identity>
    requires element_function<F, std::indirect_result_t<Proj&, std::ranges::iterator_t<R>>>
std::ranges::unary_transform_result<std::ranges::borrowed_iterator_t<R>, O> transform(
    context& here, R&& range, O output, F&& function, Proj proj = {}) {
    const auto first = std::ranges::begin(range);
    const std::size_t count = detail::size_of(range);
    detail::transform_body<std::remove_const_t<decltype(first)>, O, std::remove_reference_t<F>,
                           Proj>
        body{&first, &output, std::addressof(function), &proj};
    if (count != 0) detail::run_loop(here, 0, count, body);
    return {detail::iterator_at(first, count), detail::iterator_at(output, count)};
}

template <splittable_range R, std::random_access_iterator O, class F, class Proj = std::identity>
    requires element_function<F, std::indirect_result_t<Proj&, std::ranges::iterator_t<R>>>
auto transform(R&& range, O output, F&& function, Proj proj = {}) {
    return region([&](context& here) {
        return par::transform(here, std::forward<R>(range), output, function, std::move(proj));
    });
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          std::random_access_iterator O, class F, class Proj = std::identity>
    requires element_function<F, std::indirect_result_t<Proj&, I>>
auto transform(context& here, I first, S last, O output, F&& function, Proj proj = {}) {
    return par::transform(here, std::ranges::subrange(first, last), output, function,
                          std::move(proj));
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          std::random_access_iterator O, class F, class Proj = std::identity>
    requires element_function<F, std::indirect_result_t<Proj&, I>>
auto transform(I first, S last, O output, F&& function, Proj proj = {}) {
    return par::transform(std::ranges::subrange(first, last), output, function, std::move(proj));
}

// output[i] = function(proj1(range1[i]), proj2(range2[i])) up to the end of the shorter range. The
// rest is as above.
template <splittable_range R1, splittable_range R2, std::random_access_iterator O, class F,
          class Proj1 = std::identity, class Proj2 = std::identity>
    requires element_function<F, std::indirect_result_t<Proj1&, std::ranges::iterator_t<R1>>,
                              std::indirect_result_t<Proj2&, std::ranges::iterator_t<R2>>>
std::ranges::binary_transform_result<std::ranges::borrowed_iterator_t<R1>,
                                     std::ranges::borrowed_iterator_t<R2>, O>
transform(context& here, R1&& range1, R2&& range2, O output, F&& function, Proj1 proj1 = {},
          Proj2 proj2 = {}) {
    const auto first1 = std::ranges::begin(range1);
    const auto first2 = std::ranges::begin(range2);
    const std::size_t count = std::min(detail::size_of(range1), detail::size_of(range2));
    detail::transform_pairs_body<std::remove_const_t<decltype(first1)>,
                                 std::remove_const_t<decltype(first2)>, O,
                                 std::remove_reference_t<F>, Proj1, Proj2>
        body{&first1, &first2, &output, std::addressof(function), &proj1, &proj2};
    if (count != 0) detail::run_loop(here, 0, count, body);
    return {detail::iterator_at(first1, count), detail::iterator_at(first2, count),
            detail::iterator_at(output, count)};
}

template <splittable_range R1, splittable_range R2, std::random_access_iterator O, class F,
          class Proj1 = std::identity, class Proj2 = std::identity>
    requires element_function<F, std::indirect_result_t<Proj1&, std::ranges::iterator_t<R1>>,
                              std::indirect_result_t<Proj2&, std::ranges::iterator_t<R2>>>
auto transform(R1&& range1, R2&& range2, O output, F&& function, Proj1 proj1 = {},
               Proj2 proj2 = {}) {
    return region([&](context& here) {
        return par::transform(here, std::forward<R1>(range1), std::forward<R2>(range2), output,
                              function, std::move(proj1), std::move(proj2));
    });
}

template <std::random_access_iterator I1, std::sized_sentinel_for<I1> S1,
          std::random_access_iterator I2, std::sized_sentinel_for<I2> S2,
          std::random_access_iterator O, class F, class Proj1 = std::identity,
          class Proj2 = std::identity>
    requires element_function<F, std::indirect_result_t<Proj1&, I1>,
                              std::indirect_result_t<Proj2&, I2>>
auto transform(context& here, I1 first1, S1 last1, I2 first2, S2 last2, O output, F&& function,
               Proj1 proj1 = {}, Proj2 proj2 = {}) {
    return par::transform(here, std::ranges::subrange(first1, last1),
                          std::ranges::subrange(first2, last2), output, function, std::move(proj1),
                          std::move(proj2));
}

template <std::random_access_iterator I1, std::sized_sentinel_for<I1> S1,
          std::random_access_iterator I2, std::sized_sentinel_for<I2> S2,
          std::random_access_iterator O, class F, class Proj1 = std::identity,
          class Proj2 = std::identity>
    requires element_function<F, std::indirect_result_t<Proj1&, I1>,
                              std::indirect_result_t<Proj2&, I2>>
auto transform(I1 first1, S1 last1, I2 first2, S2 last2, O output, F&& function, Proj1 proj1 = {},
               Proj2 proj2 = {}) {
    return par::transform(std::ranges::subrange(first1, last1),
                          std::ranges::subrange(first2, last2), output, function, std::move(proj1),
                          std::move(proj2));
}

}  // namespace par
}  // namespace twill::inline TWILL_ABI
