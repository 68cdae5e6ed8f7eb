// sum, dot, min, max, minmax. With Highway this file is compiled once for each instruction set.
#include <twill/par/detail/kernels.hpp>

#include <cstddef>
#include <cstdint>

#include "par/kernel_types.hpp"

// NOLINTBEGIN(bugprone-macro-parentheses): a type cannot be in parentheses

#if defined(TWILL_HAS_HIGHWAY)

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "par/kernels_reduce.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace twill::inline TWILL_ABI {
namespace detail::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Integers wrap around here: a partial sum may leave the range of the type although the whole stays
// inside.
template <class D, class V>
hn::TFromD<D> total_of(D d, V v) {
    using T = hn::TFromD<D>;
    if constexpr (hwy::IsFloat<T>()) {
        return hn::GetLane(hn::SumOfLanes(d, v));
    } else {
        HWY_ALIGN T lanes[HWY_MAX_BYTES / sizeof(T)];
        hn::Store(v, d, lanes);
        T sum{};
        for (std::size_t i = 0; i != hn::Lanes(d); ++i) sum = wrapping_sum(sum, lanes[i]);
        return sum;
    }
}

// Additions wait for each other only within an accumulator: several keep the units busy.
template <class T>
T sum_of(const T* values, std::size_t count) {
    const hn::ScalableTag<T> d;
    const std::size_t lanes = hn::Lanes(d);
    auto a = hn::Zero(d);
    auto b = a;
    auto c = a;
    auto e = a;
    std::size_t i = 0;
    for (; i + 4 * lanes <= count; i += 4 * lanes) {
        a = hn::Add(a, hn::LoadU(d, values + i));
        b = hn::Add(b, hn::LoadU(d, values + i + lanes));
        c = hn::Add(c, hn::LoadU(d, values + i + 2 * lanes));
        e = hn::Add(e, hn::LoadU(d, values + i + 3 * lanes));
    }
    for (; i + lanes <= count; i += lanes) a = hn::Add(a, hn::LoadU(d, values + i));
    T sum = total_of(d, hn::Add(hn::Add(a, b), hn::Add(c, e)));
    for (; i != count; ++i) sum = wrapping_sum(sum, values[i]);
    return sum;
}

template <class T>
T dot_of(const T* x, const T* y, std::size_t count) {
    T sum{};
    std::size_t i = 0;
    // Few instruction sets multiply 64-bit integers.
    if constexpr (sizeof(T) == 4 || hwy::IsFloat<T>()) {
        const hn::ScalableTag<T> d;
        const std::size_t lanes = hn::Lanes(d);
        auto a = hn::Zero(d);
        auto b = a;
        auto c = a;
        auto e = a;
        const auto product = [&](std::size_t at) HWY_ATTR {
            return hn::Mul(hn::LoadU(d, x + at), hn::LoadU(d, y + at));
        };
        for (; i + 4 * lanes <= count; i += 4 * lanes) {
            a = hn::Add(a, product(i));
            b = hn::Add(b, product(i + lanes));
            c = hn::Add(c, product(i + 2 * lanes));
            e = hn::Add(e, product(i + 3 * lanes));
        }
        for (; i + lanes <= count; i += lanes) a = hn::Add(a, product(i));
        sum = total_of(d, hn::Add(hn::Add(a, b), hn::Add(c, e)));
    }
    for (; i != count; ++i) sum = wrapping_sum(sum, wrapping_product(x[i], y[i]));
    return sum;
}

template <class T>
extremes<T> extremes_of(const T* values, std::size_t count) {
    const hn::ScalableTag<T> d;
    const std::size_t lanes = hn::Lanes(d);
    T low = values[0];
    T high = values[0];
    std::size_t i = 0;
    if (count >= 2 * lanes) {
        auto low_a = hn::LoadU(d, values);
        auto high_a = low_a;
        auto low_b = hn::LoadU(d, values + lanes);
        auto high_b = low_b;
        for (i = 2 * lanes; i + 2 * lanes <= count; i += 2 * lanes) {
            const auto a = hn::LoadU(d, values + i);
            const auto b = hn::LoadU(d, values + i + lanes);
            low_a = hn::Min(low_a, a);
            low_b = hn::Min(low_b, b);
            high_a = hn::Max(high_a, a);
            high_b = hn::Max(high_b, b);
        }
        low = hn::GetLane(hn::MinOfLanes(d, hn::Min(low_a, low_b)));
        high = hn::GetLane(hn::MaxOfLanes(d, hn::Max(high_a, high_b)));
    }
    for (; i != count; ++i) {
        low = values[i] < low ? values[i] : low;
        high = high < values[i] ? values[i] : high;
    }
    return {low, high};
}

// `Less`: the least; otherwise the greatest.
template <bool Less, class T>
T extreme_of(const T* values, std::size_t count) {
    const hn::ScalableTag<T> d;
    using vector = hn::Vec<decltype(d)>;
    const std::size_t lanes = hn::Lanes(d);
    const auto better = [](vector a, vector b)
                            HWY_ATTR { return Less ? hn::Min(a, b) : hn::Max(a, b); };
    T best = values[0];
    std::size_t i = 0;
    if (count >= 4 * lanes) {
        auto a = hn::LoadU(d, values);
        auto b = hn::LoadU(d, values + lanes);
        auto c = hn::LoadU(d, values + 2 * lanes);
        auto e = hn::LoadU(d, values + 3 * lanes);
        for (i = 4 * lanes; i + 4 * lanes <= count; i += 4 * lanes) {
            a = better(a, hn::LoadU(d, values + i));
            b = better(b, hn::LoadU(d, values + i + lanes));
            c = better(c, hn::LoadU(d, values + i + 2 * lanes));
            e = better(e, hn::LoadU(d, values + i + 3 * lanes));
        }
        const auto all = better(better(a, b), better(c, e));
        best = hn::GetLane(Less ? hn::MinOfLanes(d, all) : hn::MaxOfLanes(d, all));
    }
    for (; i != count; ++i)
        if (Less ? values[i] < best : best < values[i]) best = values[i];
    return best;
}

#define TWILL_DEFINE(T, name)                                                       \
    T sum_##name(const T* v, std::size_t n) { return sum_of(v, n); }                \
    T dot_##name(const T* a, const T* b, std::size_t n) { return dot_of(a, b, n); } \
    T min_##name(const T* v, std::size_t n) { return extreme_of<true>(v, n); }      \
    T max_##name(const T* v, std::size_t n) { return extreme_of<false>(v, n); }     \
    extremes<T> minmax_##name(const T* v, std::size_t n) { return extremes_of(v, n); }
TWILL_EACH_ELEMENT(TWILL_DEFINE)
#undef TWILL_DEFINE

}  // namespace HWY_NAMESPACE
}  // namespace detail::kernels
}  // namespace twill::inline TWILL_ABI
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace twill::inline TWILL_ABI {
namespace detail::kernels {
namespace {

#define TWILL_DISPATCH(T, name)                                                  \
    TWILL_BEST(T, sum, name, (const T* v, std::size_t n), (v, n))                \
    TWILL_BEST(T, dot, name, (const T* a, const T* b, std::size_t n), (a, b, n)) \
    TWILL_BEST(T, min, name, (const T* v, std::size_t n), (v, n))                \
    TWILL_BEST(T, max, name, (const T* v, std::size_t n), (v, n))                \
    TWILL_BEST(extremes<T>, minmax, name, (const T* v, std::size_t n), (v, n))
TWILL_EACH_ELEMENT(TWILL_DISPATCH)
#undef TWILL_DISPATCH

}  // namespace

template <element T>
T sum(const T* values, std::size_t count) noexcept {
    return best_sum(values, count);
}
template <element T>
T dot(const T* a, const T* b, std::size_t count) noexcept {
    return best_dot(a, b, count);
}
template <element T>
T min(const T* values, std::size_t count) noexcept {
    return best_min(values, count);
}
template <element T>
T max(const T* values, std::size_t count) noexcept {
    return best_max(values, count);
}
template <element T>
extremes<T> minmax(const T* values, std::size_t count) noexcept {
    return best_minmax(values, count);
}

}  // namespace detail::kernels
}  // namespace twill::inline TWILL_ABI
#endif  // HWY_ONCE

#else  // without Highway

namespace twill::inline TWILL_ABI {
namespace detail::kernels {

template <element T>
T sum(const T* values, std::size_t count) noexcept {
    T total{};
    for (std::size_t i = 0; i != count; ++i) total = wrapping_sum(total, values[i]);
    return total;
}
template <element T>
T dot(const T* a, const T* b, std::size_t count) noexcept {
    T total{};
    for (std::size_t i = 0; i != count; ++i)
        total = wrapping_sum(total, wrapping_product(a[i], b[i]));
    return total;
}
template <element T>
T min(const T* values, std::size_t count) noexcept {
    return minmax(values, count).least;
}
template <element T>
T max(const T* values, std::size_t count) noexcept {
    return minmax(values, count).greatest;
}
template <element T>
extremes<T> minmax(const T* values, std::size_t count) noexcept {
    extremes<T> found{values[0], values[0]};
    for (std::size_t i = 1; i != count; ++i) {
        found.least = values[i] < found.least ? values[i] : found.least;
        found.greatest = found.greatest < values[i] ? values[i] : found.greatest;
    }
    return found;
}

}  // namespace detail::kernels
}  // namespace twill::inline TWILL_ABI

#endif

#if !defined(TWILL_HAS_HIGHWAY) || HWY_ONCE
namespace twill::inline TWILL_ABI {
namespace detail::kernels {

#define TWILL_INSTANTIATE(T, name)                               \
    template T sum<T>(const T*, std::size_t) noexcept;           \
    template T dot<T>(const T*, const T*, std::size_t) noexcept; \
    template T min<T>(const T*, std::size_t) noexcept;           \
    template T max<T>(const T*, std::size_t) noexcept;           \
    template extremes<T> minmax<T>(const T*, std::size_t) noexcept;
TWILL_EACH_ELEMENT(TWILL_INSTANTIATE)
#undef TWILL_INSTANTIATE

}  // namespace detail::kernels
}  // namespace twill::inline TWILL_ABI
#endif
// NOLINTEND(bugprone-macro-parentheses)
