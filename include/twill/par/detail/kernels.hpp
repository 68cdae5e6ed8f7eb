// Loops over plain numbers in memory, compiled for several instruction sets; which one runs is
// chosen when the program runs. Without Google Highway they are compiled once, for the baseline.
//
// They know nothing of threads: the parallel algorithms call them for their blocks, when range,
// element type and operation allow. A call costs a few nanoseconds (it is an indirect one), so a
// block shorter than `worthwhile` is better done in line.
#pragma once

#include <twill/core/config.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <type_traits>

namespace twill::inline TWILL_ABI {
namespace detail::kernels {

template <class T>
concept element = std::same_as<T, std::int32_t> || std::same_as<T, std::uint32_t> ||
                  std::same_as<T, std::int64_t> || std::same_as<T, std::uint64_t> ||
                  std::same_as<T, float> || std::same_as<T, double>;

inline constexpr std::size_t worthwhile = 64;

// Iterators whose elements a kernel can take where they lie.
template <class I>
concept source = std::contiguous_iterator<I> && element<std::iter_value_t<I>> &&
                 !std::is_volatile_v<std::remove_reference_t<std::iter_reference_t<I>>>;

// The same, when nothing stands between the elements and the operation.
template <class I, class Proj>
concept plain_source = source<I> && std::same_as<Proj, std::identity>;

template <source I>
const std::iter_value_t<I>* address(const I& first, std::size_t i) noexcept {
    return std::to_address(first) + i;
}

// Integers wrap round. Sums of floats are made in several lanes: the brackets lie otherwise than in
// a plain loop, and where depends on the instruction set.
template <element T>
[[nodiscard]] TWILL_API T sum(const T* values, std::size_t count) noexcept;

// The sum of a[i] * b[i], as above.
template <element T>
[[nodiscard]] TWILL_API T dot(const T* a, const T* b, std::size_t count) noexcept;

template <element T>
struct extremes {
    T least;
    T greatest;
};

// Of at least one value. With NaNs among them: one of the values, or a NaN.
template <element T>
[[nodiscard]] TWILL_API T min(const T* values, std::size_t count) noexcept;
template <element T>
[[nodiscard]] TWILL_API T max(const T* values, std::size_t count) noexcept;
template <element T>
[[nodiscard]] TWILL_API extremes<T> minmax(const T* values, std::size_t count) noexcept;

// How many values equal `wanted`.
template <element T>
[[nodiscard]] TWILL_API std::size_t count(const T* values, std::size_t size, T wanted) noexcept;

// The place of the first value that equals `wanted`, or `size`.
template <element T>
[[nodiscard]] TWILL_API std::size_t find(const T* values, std::size_t size, T wanted) noexcept;

// The first place where a and b differ (by ==), or `size`.
template <element T>
[[nodiscard]] TWILL_API std::size_t mismatch(const T* a, const T* b, std::size_t size) noexcept;

// output[i] = before + values[0] + ... + values[i]; output may be values. Gives the last, or
// `before` if there is none.
template <element T>
TWILL_API T inclusive_scan(const T* values, T* output, std::size_t count, T before) noexcept;

// The same, past the caches where the machine can: what is written is not read from memory first.
// For an output that is larger than they are, and not the input.
template <element T>
TWILL_API T streaming_scan(const T* values, T* output, std::size_t count, T before) noexcept;

}  // namespace detail::kernels

namespace detail {

template <class Op, class T>
concept addition = std::same_as<Op, std::plus<>> || std::same_as<Op, std::plus<T>>;

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
