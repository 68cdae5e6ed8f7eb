// Sums whose brackets are fixed beforehand, by the number of elements alone.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/kernels.hpp>
#include <twill/par/for_each.hpp>
#include <twill/par/join.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <functional>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

// Additions of numbers may change places as well, so blocks of them are added in lanes.
template <class T, class Combine>
inline constexpr bool in_lanes =
    std::is_arithmetic_v<T> && !std::same_as<T, bool> && addition<std::remove_const_t<Combine>, T>;

template <class T, class Combine>
inline constexpr std::size_t fixed_block = in_lanes<T, Combine> ? 1024 : 32;

// Element i of the block goes to lane i mod 16, on every machine: the compiler makes vectors of
// them, whichever it has, without changing the order.
template <class T, class Element>
T sum_in_lanes(std::size_t from, std::size_t to, const Element& element) {
    constexpr std::size_t lanes = 16;
    T lane[lanes] = {};
    for (; to - from >= lanes; from += lanes)
        for (std::size_t j = 0; j != lanes; ++j)
            lane[j] = static_cast<T>(lane[j] + element(from + j));
    for (std::size_t j = 0; from != to; ++from, ++j)
        lane[j] = static_cast<T>(lane[j] + element(from));
    for (std::size_t half = lanes / 2; half != 0; half /= 2)
        for (std::size_t j = 0; j != half; ++j) lane[j] = static_cast<T>(lane[j] + lane[j + half]);
    return lane[0];
}

// Of at least one element and at most a block.
template <class T, class Combine, class Element>
T sum_of_block(std::size_t from, std::size_t to, Combine& combine, const Element& element) {
    if constexpr (in_lanes<T, Combine>) {
        return sum_in_lanes<T>(from, to, element);
    } else {
        T sum(element(from));
        for (std::size_t i = from + 1; i != to; ++i)
            sum = std::invoke(combine, std::move(sum), element(i));
        return sum;
    }
}

// A tree over the blocks: the left half of each node is a full tree. Who computes which node does
// not matter to what it is.
template <class T, class Combine, class Element>
T sum_of_tree(par::context& here, std::size_t from, std::size_t to, Combine& combine,
              const Element& element) {
    constexpr std::size_t block = fixed_block<T, Combine>;
    const std::size_t blocks = (to - from + block - 1) / block;
    if (blocks == 1)
        return sum_of_block<T>(from, to, combine,
                               [&](std::size_t i) -> decltype(auto) { return element(here, i); });
    const std::size_t middle = from + std::bit_ceil(blocks) / 2 * block;
    auto [left, right] = par::join(
        here, [&](par::context& c) { return sum_of_tree<T>(c, from, middle, combine, element); },
        [&](par::context& c) { return sum_of_tree<T>(c, middle, to, combine, element); });
    return std::invoke(combine, std::move(left), std::move(right));
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
