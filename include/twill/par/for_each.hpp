// Calls a function for each element of a range or each index of an interval, in parallel if that
// pays.
//
//     twill::par::for_each(images, [](image& i) { i.rotate(90); });
//     twill::par::for_each_index(rows, [&](std::size_t r) { out[r] = dot(matrix[r], x); });
//     twill::par::for_each_index_2d(rows, columns, [&](std::size_t r, std::size_t c) {
//         turned[c][r] = table[r][c];
//     });
//
// There is no grain size: a loop too small to profit runs at the speed of a plain one, and a loop
// over expensive elements is split down to single ones.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/loop.hpp>
#include <twill/par/detail/tiled_grid.hpp>
#include <twill/par/requirements.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <ranges>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

template <class F, class X>
decltype(auto) invoke_for(par::context& here, F& function, X&& element) {
    if constexpr (std::invocable<F&, par::context&, X>)
        return std::invoke(function, here, std::forward<X>(element));
    else
        return std::invoke(function, std::forward<X>(element));
}

// The i-th element of what begins at `first`.
template <std::random_access_iterator I>
decltype(auto) element_at(const I& first, std::size_t i) {
    return first[static_cast<std::iter_difference_t<I>>(i)];
}

// A copy of a small function is known to the compiler to be nobody else's: what it holds may stay
// in registers while the loop writes to memory. A plain function is not trivially copyable, and has
// no size.
template <class F>
inline constexpr bool copied_for_block = false;
template <class F>
    requires(std::is_trivially_copyable_v<F> && std::is_copy_constructible_v<F>)
inline constexpr bool copied_for_block<F> = sizeof(F) <= 64;

template <class F>
struct index_body {
    static constexpr bool may_fork = std::invocable<F&, par::context&, std::size_t>;
    held<F, held_by_copy<F>> function;
    void run(par::context& here, std::size_t from, std::size_t to) {
        std::conditional_t<copied_for_block<F>, F, F&> call = *function;
        for (std::size_t i = from; i != to; ++i) invoke_for(here, call, i);
    }
    [[gnu::always_inline]] void run_each(par::context& here, std::size_t& begun,
                                         const std::size_t& end) {
        auto call = function;
        std::size_t i = begun;
        do {
            begun = i + 1;
            invoke_for(here, *call, i);
        } while (++i != end && !here.poked());
    }
    index_body apart() const noexcept { return *this; }
    void absorb(index_body&&) noexcept {}
};

template <class F>
struct block_body {
    F* function;
    void run(par::context& here, std::size_t from, std::size_t to) {
        if constexpr (std::invocable<F&, par::context&, std::size_t, std::size_t>)
            std::invoke(*function, here, from, to);
        else
            std::invoke(*function, from, to);
    }
    block_body apart() const noexcept { return *this; }
    void absorb(block_body&&) noexcept {}
};

}  // namespace detail

namespace par {

// Calls `function(i)`, or `function(context&, i)`, for each i in [begin, end); the calls are
// distinct pieces of work: they run in any order, on any thread of the pool and the calling one,
// several at a time, through one and the same `function` object, or copies of it if it is
// trivially copyable.
//
// Returns when all calls have ended.
// Throws: what the first call that threw (in the order of the indices, among those that were made)
// threw, when all that had begun have ended; calls not yet made are left out then. `cancelled`, at
// a beat, if the region was asked to stop: some calls were made, others not.
// Any thread: on a thread outside the pool it begins a region there.
template <loop_function<std::size_t> F>
void for_each_index(context& here, std::size_t begin, std::size_t end, F&& function) {
    detail::index_body<std::remove_reference_t<F>> body{function};
    if (begin < end) detail::run_loop(here, begin, end, body);
}

template <loop_function<std::size_t> F>
void for_each_index(std::size_t begin, std::size_t end, F&& function) {
    region([&](context& here) { for_each_index(here, begin, end, function); });
}

// For each i in [0, count).
template <loop_function<std::size_t> F>
void for_each_index(context& here, std::size_t count, F&& function) {
    for_each_index(here, 0, count, function);
}

template <loop_function<std::size_t> F>
void for_each_index(std::size_t count, F&& function) {
    for_each_index(0, count, function);
}

// Calls `function(from, to)`, or `function(context&, from, to)`, for intervals [from, to) that
// cover [begin, end) without overlap: for loops that prepare something, or that a library does best
// for many elements at once. An interval has at least one index and at most 4096; how many depends
// on how long they take, as in any loop here. The rest is as for for_each_index.
template <block_function F>
void for_each_block(context& here, std::size_t begin, std::size_t end, F&& function) {
    detail::block_body<std::remove_reference_t<F>> body{std::addressof(function)};
    if (begin < end) detail::run_loop(here, begin, end, body);
}

template <block_function F>
void for_each_block(std::size_t begin, std::size_t end, F&& function) {
    region([&](context& here) { for_each_block(here, begin, end, function); });
}

// For [0, count).
template <block_function F>
void for_each_block(context& here, std::size_t count, F&& function) {
    for_each_block(here, 0, count, function);
}

template <block_function F>
void for_each_block(std::size_t count, F&& function) {
    for_each_block(0, count, function);
}

// Calls `function(row, column)`, or `function(context&, row, column)`, for each row in [0, rows)
// and column in [0, columns), in tiles of 32 by 32, row by row within a tile: neighbours in both
// directions are near in time, so that what they share is still in the cache (as in a
// transposition, a stencil, or all pairs). Down to single calls the work can be split as in any
// loop here; the rest is as for for_each_index. rows * columns must not exceed the greatest
// std::size_t.
template <block_function F>
void for_each_index_2d(context& here, std::size_t rows, std::size_t columns, F&& function) {
    const detail::tiled_grid grid(rows, columns);
    for_each_block(here, 0, rows * columns, [&](context& there, std::size_t from, std::size_t to) {
        detail::block_body<std::remove_reference_t<F>> call{std::addressof(function)};
        grid.visit(from, to,
                   [&](std::size_t row, std::size_t column) { call.run(there, row, column); });
    });
}

template <block_function F>
void for_each_index_2d(std::size_t rows, std::size_t columns, F&& function) {
    region([&](context& here) { for_each_index_2d(here, rows, columns, function); });
}

// Calls `function(proj(element))`, or `function(context&, proj(element))`, for each element of
// `range`. The rest is as for for_each_index.
template <splittable_range R, class Proj = std::identity,
          loop_function<std::indirect_result_t<Proj&, std::ranges::iterator_t<R>>> F>
void for_each(context& here, R&& range, F&& function, Proj proj = {}) {
    const auto first = std::ranges::begin(range);
    const auto count = static_cast<std::size_t>(std::ranges::size(range));
    using element = std::indirect_result_t<Proj&, std::ranges::iterator_t<R>>;
    if constexpr (std::invocable<F&, context&, element>)
        for_each_index(here, 0, count, [&](context& there, std::size_t i) {
            std::invoke(function, there, std::invoke(proj, detail::element_at(first, i)));
        });
    else
        for_each_index(here, 0, count, [&](std::size_t i) {
            std::invoke(function, std::invoke(proj, detail::element_at(first, i)));
        });
}

template <splittable_range R, class Proj = std::identity,
          loop_function<std::indirect_result_t<Proj&, std::ranges::iterator_t<R>>> F>
void for_each(R&& range, F&& function, Proj proj = {}) {
    region([&](context& here) { par::for_each(here, range, function, std::ref(proj)); });
}

// For each element of [first, last).
template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          loop_function<std::indirect_result_t<Proj&, I>> F>
void for_each(context& here, I first, S last, F&& function, Proj proj = {}) {
    par::for_each(here, std::ranges::subrange(first, last), function, std::ref(proj));
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S, class Proj = std::identity,
          loop_function<std::indirect_result_t<Proj&, I>> F>
void for_each(I first, S last, F&& function, Proj proj = {}) {
    par::for_each(std::ranges::subrange(first, last), function, std::ref(proj));
}

}  // namespace par
}  // namespace twill::inline TWILL_ABI
