// count, find, mismatch. With Highway this file is compiled once for each instruction set.
#include <twill/par/detail/kernels.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "par/kernel_types.hpp"

// NOLINTBEGIN(bugprone-macro-parentheses): a type cannot be in parentheses

#if defined(TWILL_HAS_HIGHWAY)

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "par/kernels_search.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace twill::inline TWILL_ABI {
namespace detail::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// A mask, as numbers, is -1 where it is set: subtracted, it counts, a lane by itself.
template <class T>
std::size_t count_in(const T* values, std::size_t count, T wanted) {
    const hn::ScalableTag<T> d;
    const hn::RebindToSigned<decltype(d)> as_integers;
    const std::size_t lanes = hn::Lanes(d);
    const auto sought = hn::Set(d, wanted);
    const auto hits = [&](std::size_t at) HWY_ATTR {
        return hn::BitCast(as_integers,
                           hn::VecFromMask(d, hn::Eq(sought, hn::LoadU(d, values + at))));
    };
    std::size_t total = 0;
    std::size_t i = 0;
    // So short that no lane overflows.
    constexpr std::size_t stretch = std::size_t{1} << 24;
    while (count - i >= 2 * lanes) {
        const std::size_t end = i + std::min(count - i, stretch) / (2 * lanes) * (2 * lanes);
        auto a = hn::Zero(as_integers);
        auto b = a;
        for (; i != end; i += 2 * lanes) {
            a = hn::Sub(a, hits(i));
            b = hn::Sub(b, hits(i + lanes));
        }
        total += static_cast<std::size_t>(hn::GetLane(hn::SumOfLanes(as_integers, hn::Add(a, b))));
    }
    for (; i != count; ++i) total += values[i] == wanted ? 1 : 0;
    return total;
}

template <class T>
std::size_t find_in(const T* values, std::size_t count, T wanted) {
    const hn::ScalableTag<T> d;
    const std::size_t lanes = hn::Lanes(d);
    const auto sought = hn::Set(d, wanted);
    const auto hit = [&](std::size_t at)
                         HWY_ATTR { return hn::Eq(sought, hn::LoadU(d, values + at)); };
    std::size_t i = 0;
    for (; i + 4 * lanes <= count; i += 4 * lanes) {
        const auto any =
            hn::Or(hn::Or(hit(i), hit(i + lanes)), hn::Or(hit(i + 2 * lanes), hit(i + 3 * lanes)));
        if (!hn::AllFalse(d, any)) break;
    }
    for (; i + lanes <= count; i += lanes) {
        const auto place = hn::FindFirstTrue(d, hit(i));
        if (place >= 0) return i + static_cast<std::size_t>(place);
    }
    while (i != count && values[i] != wanted) ++i;
    return i;
}

template <class T>
std::size_t mismatch_in(const T* a, const T* b, std::size_t count) {
    const hn::ScalableTag<T> d;
    const std::size_t lanes = hn::Lanes(d);
    const auto same = [&](std::size_t at)
                          HWY_ATTR { return hn::Eq(hn::LoadU(d, a + at), hn::LoadU(d, b + at)); };
    std::size_t i = 0;
    for (; i + 2 * lanes <= count; i += 2 * lanes)
        if (!hn::AllTrue(d, hn::And(same(i), same(i + lanes)))) break;
    while (i != count && a[i] == b[i]) ++i;
    return i;
}

#define TWILL_DEFINE(T, name)                                                              \
    std::size_t count_##name(const T* v, std::size_t n, T w) { return count_in(v, n, w); } \
    std::size_t find_##name(const T* v, std::size_t n, T w) { return find_in(v, n, w); }   \
    std::size_t mismatch_##name(const T* a, const T* b, std::size_t n) {                   \
        return mismatch_in(a, b, n);                                                       \
    }
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

#define TWILL_DISPATCH(T, name)                                                       \
    TWILL_BEST(std::size_t, count, name, (const T* v, std::size_t n, T w), (v, n, w)) \
    TWILL_BEST(std::size_t, find, name, (const T* v, std::size_t n, T w), (v, n, w))  \
    TWILL_BEST(std::size_t, mismatch, name, (const T* a, const T* b, std::size_t n), (a, b, n))
TWILL_EACH_ELEMENT(TWILL_DISPATCH)
#undef TWILL_DISPATCH

}  // namespace

template <element T>
std::size_t count(const T* values, std::size_t size, T wanted) noexcept {
    return best_count(values, size, wanted);
}
template <element T>
std::size_t find(const T* values, std::size_t size, T wanted) noexcept {
    return best_find(values, size, wanted);
}
template <element T>
std::size_t mismatch(const T* a, const T* b, std::size_t size) noexcept {
    return best_mismatch(a, b, size);
}

}  // namespace detail::kernels
}  // namespace twill::inline TWILL_ABI
#endif  // HWY_ONCE

#else  // without Highway

namespace twill::inline TWILL_ABI {
namespace detail::kernels {

template <element T>
std::size_t count(const T* values, std::size_t size, T wanted) noexcept {
    std::size_t total = 0;
    for (std::size_t i = 0; i != size; ++i) total += values[i] == wanted ? 1 : 0;
    return total;
}
template <element T>
std::size_t find(const T* values, std::size_t size, T wanted) noexcept {
    return static_cast<std::size_t>(std::find(values, values + size, wanted) - values);
}
template <element T>
std::size_t mismatch(const T* a, const T* b, std::size_t size) noexcept {
    return static_cast<std::size_t>(std::mismatch(a, a + size, b).first - a);
}

}  // namespace detail::kernels
}  // namespace twill::inline TWILL_ABI

#endif

#if !defined(TWILL_HAS_HIGHWAY) || HWY_ONCE
namespace twill::inline TWILL_ABI {
namespace detail::kernels {

#define TWILL_INSTANTIATE(T, name)                                    \
    template std::size_t count<T>(const T*, std::size_t, T) noexcept; \
    template std::size_t find<T>(const T*, std::size_t, T) noexcept;  \
    template std::size_t mismatch<T>(const T*, const T*, std::size_t) noexcept;
TWILL_EACH_ELEMENT(TWILL_INSTANTIATE)
#undef TWILL_INSTANTIATE

}  // namespace detail::kernels
}  // namespace twill::inline TWILL_ABI
#endif
// NOLINTEND(bugprone-macro-parentheses)
