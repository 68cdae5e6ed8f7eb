// Sorting numbers, compiled once in the library: in src/par, with vectors where there is Highway.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <iterator>
#include <type_traits>

namespace twill::inline TWILL_ABI {
namespace detail {

enum class key_kind : unsigned char { u16, i16, u32, i32, u64, i64, f32, f64 };

template <class T>
concept sortable_key =
    (std::integral<T> && !std::same_as<T, bool> && sizeof(T) >= 2 && sizeof(T) <= 8) ||
    std::same_as<T, float> || std::same_as<T, double>;

template <sortable_key T>
constexpr key_kind kind_of_key() noexcept {
    if constexpr (std::floating_point<T>) return sizeof(T) == 4 ? key_kind::f32 : key_kind::f64;
    constexpr bool is_signed = std::is_signed_v<T>;
    if constexpr (sizeof(T) == 2) return is_signed ? key_kind::i16 : key_kind::u16;
    if constexpr (sizeof(T) == 4) return is_signed ? key_kind::i32 : key_kind::u32;
    return is_signed ? key_kind::i64 : key_kind::u64;
}

template <class Compare, class T>
inline constexpr bool is_less =
    std::same_as<Compare, std::less<>> || std::same_as<Compare, std::less<T>> ||
    std::same_as<Compare, std::ranges::less>;
template <class Compare, class T>
inline constexpr bool is_greater =
    std::same_as<Compare, std::greater<>> || std::same_as<Compare, std::greater<T>> ||
    std::same_as<Compare, std::ranges::greater>;

// Whether [I, ...) is numbers in memory, sorted in an order that vectors know.
template <class I, class Compare, class Project>
concept sorts_keys =
    std::contiguous_iterator<I> && sortable_key<std::iter_value_t<I>> &&
    std::same_as<Project, std::identity> &&
    (is_less<Compare, std::iter_value_t<I>> || is_greater<Compare, std::iter_value_t<I>>);

// Up to here one thread is as fast: in bytes, about one beat's work, and half of a small
// second-level cache.
inline constexpr std::size_t bytes_sorted_serially = std::size_t{1} << 17;

TWILL_API void sort_keys_serially(void* keys, std::size_t count, key_kind kind,
                                  bool descending) noexcept;
TWILL_API void sort_keys(par::context& here, void* keys, std::size_t count, key_kind kind,
                         bool descending);

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
