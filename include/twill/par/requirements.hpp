// What the parallel algorithms ask of ranges and functions.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <iterator>
#include <ranges>
#include <type_traits>

namespace twill::inline TWILL_ABI {
namespace par {

// What parallel loops take: random access, so that a range can be halved, and a size.
template <class R>
concept splittable_range = std::ranges::random_access_range<R> && std::ranges::sized_range<R>;

// Elements that can be moved about without a failure half way.
template <class R>
concept safely_movable_range =
    splittable_range<R> && std::permutable<std::ranges::iterator_t<R>> &&
    std::is_nothrow_move_constructible_v<std::ranges::range_value_t<R>> &&
    std::is_nothrow_move_assignable_v<std::ranges::range_value_t<R>>;

// What can be called for each X, perhaps with the context of the thread that runs it.
template <class F, class X>
concept loop_function = std::invocable<F&, context&, X> || std::invocable<F&, X>;

// What can be called for two indices, likewise.
template <class F>
concept block_function = std::invocable<F&, context&, std::size_t, std::size_t> ||
                         std::invocable<F&, std::size_t, std::size_t>;

// What tells some projected elements from the others, those of an iterator or of a range.
template <class P, class I, class Proj>
concept element_predicate = std::indirect_unary_predicate<P, std::projected<I, Proj>>;
template <class P, class R, class Proj>
concept range_predicate = element_predicate<P, std::ranges::iterator_t<R>, Proj>;

// What orders projected elements.
template <class C, class I, class Proj>
concept element_order = std::indirect_strict_weak_order<C, std::projected<I, Proj>>;
template <class C, class R, class Proj>
concept range_order = element_order<C, std::ranges::iterator_t<R>, Proj>;

// What projected elements can be compared with by ==.
template <class T, class I, class Proj>
concept element_value =
    std::indirect_binary_predicate<std::ranges::equal_to, std::projected<I, Proj>, const T*>;
template <class T, class R, class Proj>
concept range_value = element_value<T, std::ranges::iterator_t<R>, Proj>;

}  // namespace par
}  // namespace twill::inline TWILL_ABI
