// inclusive_scan, streaming_scan. With Highway this file is compiled once for each instruction set.
#include <twill/par/detail/kernels.hpp>

#include <cstddef>
#include <cstdint>

#include "par/kernel_types.hpp"

// NOLINTBEGIN(bugprone-macro-parentheses): a type cannot be in parentheses

#if defined(TWILL_HAS_HIGHWAY)

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "par/kernels_scan.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/cache_control.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace twill::inline TWILL_ABI {
namespace detail::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET != HWY_SCALAR && !HWY_HAVE_SCALABLE
// Each vector (of 16 bytes, or two such blocks) is scanned in itself by adding it to itself, moved
// by one lane and then by two. From one vector to the next only one addition has to wait.
template <bool Streaming, class T>
T scan_vectors(const T*& values, T*& output, std::size_t& count, T before) {
    const hn::CappedTag<T, 32 / sizeof(T)> d;
    constexpr std::size_t lanes = hn::MaxLanes(d);
    constexpr int block = 16 / sizeof(T);
    auto carry = hn::Set(d, before);
    for (; count >= lanes; count -= lanes, values += lanes, output += lanes) {
        auto v = hn::LoadU(d, values);
        v = hn::Add(v, hn::ShiftLeftLanes<1>(d, v));
        if constexpr (block == 4) v = hn::Add(v, hn::ShiftLeftLanes<2>(d, v));
        if constexpr (lanes > block) {
            const auto last = hn::Broadcast<block - 1>(v);
            v = hn::Add(v, hn::ConcatLowerLower(d, last, hn::Zero(d)));
        }
        auto last = hn::Broadcast<block - 1>(v);
        if constexpr (lanes > block) last = hn::ConcatUpperUpper(d, last, last);
        if constexpr (Streaming)
            hn::Stream(hn::Add(carry, v), d, output);
        else
            hn::StoreU(hn::Add(carry, v), d, output);
        carry = hn::Add(carry, last);
    }
    return hn::GetLane(carry);
}
#else
template <bool Streaming, class T>
T scan_vectors(const T*&, T*&, std::size_t&, T before) {
    return before;
}
#endif

template <class T>
T scan_of(const T* values, T* output, std::size_t count, T before) {
    T sum = scan_vectors<false>(values, output, count, before);
    for (std::size_t i = 0; i != count; ++i) output[i] = sum = wrapping_sum(sum, values[i]);
    return sum;
}

template <class T>
T streaming_scan_of(const T* values, T* output, std::size_t count, T before) {
    // Such stores are for whole, aligned vectors.
    while (count != 0 && reinterpret_cast<std::uintptr_t>(output) % 32 != 0) {
        *output++ = before = wrapping_sum(before, *values++);
        --count;
    }
    const T sum = scan_vectors<true>(values, output, count, before);
    // They are not ordered with others: without this, a release would not cover them.
    hwy::FlushStream();
    return scan_of(values, output, count, sum);
}

#define TWILL_DEFINE(T, name)                                              \
    T scan_##name(const T* v, T* out, std::size_t n, T before) {           \
        return scan_of(v, out, n, before);                                 \
    }                                                                      \
    T streaming_scan_##name(const T* v, T* out, std::size_t n, T before) { \
        return streaming_scan_of(v, out, n, before);                       \
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

#define TWILL_DISPATCH(T, name)                                                                   \
    TWILL_BEST(T, scan, name, (const T* v, T* out, std::size_t n, T before), (v, out, n, before)) \
    TWILL_BEST(T, streaming_scan, name, (const T* v, T* out, std::size_t n, T before),            \
               (v, out, n, before))
TWILL_EACH_ELEMENT(TWILL_DISPATCH)
#undef TWILL_DISPATCH

}  // namespace

template <element T>
T inclusive_scan(const T* values, T* output, std::size_t count, T before) noexcept {
    return best_scan(values, output, count, before);
}
template <element T>
T streaming_scan(const T* values, T* output, std::size_t count, T before) noexcept {
    return best_streaming_scan(values, output, count, before);
}

}  // namespace detail::kernels
}  // namespace twill::inline TWILL_ABI
#endif  // HWY_ONCE

#else  // without Highway

namespace twill::inline TWILL_ABI {
namespace detail::kernels {

template <element T>
T inclusive_scan(const T* values, T* output, std::size_t count, T before) noexcept {
    for (std::size_t i = 0; i != count; ++i) output[i] = before = wrapping_sum(before, values[i]);
    return before;
}
template <element T>
T streaming_scan(const T* values, T* output, std::size_t count, T before) noexcept {
    return inclusive_scan(values, output, count, before);
}

}  // namespace detail::kernels
}  // namespace twill::inline TWILL_ABI

#endif

#if !defined(TWILL_HAS_HIGHWAY) || HWY_ONCE
namespace twill::inline TWILL_ABI {
namespace detail::kernels {

#define TWILL_INSTANTIATE(T, name)                                       \
    template T inclusive_scan<T>(const T*, T*, std::size_t, T) noexcept; \
    template T streaming_scan<T>(const T*, T*, std::size_t, T) noexcept;
TWILL_EACH_ELEMENT(TWILL_INSTANTIATE)
#undef TWILL_INSTANTIATE

}  // namespace detail::kernels
}  // namespace twill::inline TWILL_ABI
#endif
// NOLINTEND(bugprone-macro-parentheses)
