// The element types of the kernels, each with the name that its functions carry.
#pragma once

#include <twill/core/config.hpp>

#include <type_traits>

#define TWILL_EACH_ELEMENT(DO) \
    DO(std::int32_t, i32)      \
    DO(std::uint32_t, u32)     \
    DO(std::int64_t, i64)      \
    DO(std::uint64_t, u64)     \
    DO(float, f32)             \
    DO(double, f64)

// best_KERNEL, overloaded by element type: from the type to KERNEL_name of the machine's
// instruction set. `parameters` and `arguments` bring their parentheses along.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define TWILL_BEST(result, kernel, name, parameters, arguments) \
    HWY_EXPORT(kernel##_##name);                                \
    result best_##kernel parameters { return HWY_DYNAMIC_DISPATCH(kernel##_##name) arguments; }
// NOLINTEND(bugprone-macro-parentheses)

namespace twill::inline TWILL_ABI {
namespace detail::kernels {

// As the vectors do it: integers wrap round.
template <class T>
constexpr T wrapping_sum(T a, T b) noexcept {
    if constexpr (std::is_integral_v<T>) {
        using bits = std::make_unsigned_t<T>;
        return static_cast<T>(static_cast<bits>(a) + static_cast<bits>(b));
    } else {
        return a + b;
    }
}

template <class T>
constexpr T wrapping_product(T a, T b) noexcept {
    if constexpr (std::is_integral_v<T>) {
        using bits = std::make_unsigned_t<T>;
        return static_cast<T>(static_cast<bits>(a) * static_cast<bits>(b));
    } else {
        return a * b;
    }
}

}  // namespace detail::kernels
}  // namespace twill::inline TWILL_ABI
