// Compiled once for each instruction set; the best that the machine has is called. Without Highway
// plain loops without branches.
#include "par/key_kernels.hpp"

#if defined(TWILL_HAS_HIGHWAY)

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "par/key_kernels.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

HWY_BEFORE_NAMESPACE();
namespace twill::inline TWILL_ABI {
namespace detail {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// A vector's lanes by their side of the pivot.
template <class Key, bool Floating>
struct sides {
    using tag = hn::ScalableTag<Key>;
    using vector = hn::Vec<tag>;
    static constexpr std::size_t most_lanes = hn::MaxLanes(tag());
    static constexpr std::size_t unroll = 4;

    sides(key_order<Key, Floating> by, Key at)
        : order(by), turned(hn::Set(tag(), by.turned)), pivot(at), pivots(hn::Set(tag(), at)) {}

    HWY_INLINE auto is_right(vector keys) const {
        const tag d;
        if constexpr (Floating) {
            const vector all_but_sign = hn::Set(d, std::numeric_limits<Key>::max());
            keys = hn::Xor(keys, hn::And(hn::BroadcastSignBit(keys), all_but_sign));
        }
        return hn::Gt(hn::Xor(keys, turned), pivots);
    }

    // Left ones go to `low`, right ones before `high`; a whole vector's room is needed at both.
    HWY_INLINE void store(vector keys, Key*& low, Key*& high) const {
        const tag d;
        const std::size_t lanes = hn::Lanes(d);
        const auto right = is_right(keys);
        const std::size_t to_right = hn::CountTrue(d, right);
        if constexpr (hn::CompressIsPartition<Key>::value) {
            const vector split = hn::CompressNot(keys, right);
            hn::StoreU(split, d, low);
            hn::StoreU(split, d, high - lanes);
        } else {
            hn::CompressStore(keys, hn::Not(right), d, low);
            hn::CompressBlendedStore(keys, right, d, high - to_right);
        }
        low += lanes - to_right;
        high -= to_right;
    }

    const key_order<Key, Floating> order;
    const vector turned;
    const Key pivot;
    const vector pivots;
};

// Few keys, from a copy.
template <class Key, bool Floating>
std::size_t partition_few(Key* keys, std::size_t count, const sides<Key, Floating>& by) {
    Key copy[16 * sides<Key, Floating>::most_lanes];
    std::copy_n(keys, count, copy);
    Key* low = keys;
    Key* high = keys + count;
    for (std::size_t i = 0; i != count; ++i) {
        const Key key = copy[i];
        const bool right = by.order.rank(key) > by.pivot;
        *low = key;
        high[-1] = key;
        low += !right;
        high -= right;
    }
    return static_cast<std::size_t>(low - keys);
}

// The state of a partition from both ends, after Blacher et al., "Vectorized and performance-
// portable quicksort" (SPE 2022). Invariant between two steps: what lies between `low` and
// `unread` and between `unread_end` and `high` has been read, together the eight vectors `held`:
//
//     left keys | free | unread ...   ... unread | free | right keys
//             low      unread            unread_end    high
template <class Key, bool Floating>
struct both_ends {
    using side = sides<Key, Floating>;
    using tag = typename side::tag;
    using vector = typename side::vector;

    HWY_INLINE both_ends(Key* begin, Key* end)
        : step(side::unroll * hn::Lanes(tag())),
          low(begin),
          unread(begin),
          unread_end(end),
          high(end) {
        for (std::size_t i = 0; i != side::unroll; ++i) {
            hn::StoreU(hn::LoadU(tag(), unread + i * lanes()), tag(), held + i * lanes());
            hn::StoreU(hn::LoadU(tag(), unread_end - (i + 1) * lanes()), tag(),
                       held + (side::unroll + i) * lanes());
        }
        unread += step;
        unread_end -= step;
    }

    static std::size_t lanes() { return hn::Lanes(tag()); }

    // Reads where less is free, so that afterwards there is room for four vectors on both sides.
    HWY_INLINE void advance(const side& by) {
        const tag d;
        const Key* from = unread;
        if (unread - low <= high - unread_end) {
            unread += step;
        } else {
            unread_end -= step;
            from = unread_end;
        }
        const std::size_t n = hn::Lanes(d);
        const vector v0 = hn::LoadU(d, from);
        const vector v1 = hn::LoadU(d, from + n);
        const vector v2 = hn::LoadU(d, from + 2 * n);
        const vector v3 = hn::LoadU(d, from + 3 * n);
        by.store(v0, low, high);
        by.store(v1, low, high);
        by.store(v2, low, high);
        by.store(v3, low, high);
    }

    // Puts the held vectors back, unpartitioned, where there is room.
    HWY_INLINE void put_back() {
        const auto room = static_cast<std::size_t>(unread - low);
        std::copy_n(held, room, low);
        std::copy_n(held + room, 2 * step - room, unread_end);
    }

    const std::size_t step;
    Key* low;
    Key* unread;
    Key* unread_end;
    Key* high;
    Key held[2 * side::unroll * side::most_lanes];
};

template <class Key, bool Floating>
std::size_t partition_together(Key* keys, std::size_t count, const sides<Key, Floating>& by) {
    const std::size_t step = sides<Key, Floating>::unroll * hn::Lanes(hn::ScalableTag<Key>());
    if (count < 4 * step) return partition_few(keys, count, by);
    both_ends<Key, Floating> ends(keys, keys + count);
    while (static_cast<std::size_t>(ends.unread_end - ends.unread) >= step) ends.advance(by);
    ends.put_back();
    const auto rest = static_cast<std::size_t>(ends.high - ends.low);  // less than three steps
    return static_cast<std::size_t>(ends.low - keys) + partition_few(ends.low, rest, by);
}

// The same between the left end of one piece and the right end of another, until one has been read.
template <class Key, bool Floating>
partition_counts partition_apart(Key* left, std::size_t left_count, Key* right,
                                 std::size_t right_count, const sides<Key, Floating>& by) {
    const std::size_t step = sides<Key, Floating>::unroll * hn::Lanes(hn::ScalableTag<Key>());
    Key* low = left;
    Key* high = right + right_count;
    if (left_count >= step && right_count >= step) {
        both_ends<Key, Floating> ends(left, high);
        while (static_cast<std::size_t>(left + left_count - ends.unread) >= step &&
               static_cast<std::size_t>(ends.unread_end - right) >= step)
            ends.advance(by);
        ends.put_back();
        low = ends.low;
        high = ends.high;
    }
    const auto done = static_cast<std::size_t>(low - left);
    return {done + partition_together(low, left_count - done, by),
            partition_together(right, static_cast<std::size_t>(high - right), by)};
}

// NOLINTBEGIN(bugprone-macro-parentheses): a type cannot be in parentheses
#define TWILL_KEY_KERNELS(name, Key, Floating)                                               \
    std::size_t Together##name(Key* keys, std::size_t count, key_order<Key, Floating> order, \
                               Key pivot) {                                                  \
        return partition_together(keys, count, sides<Key, Floating>(order, pivot));          \
    }                                                                                        \
    partition_counts Apart##name(Key* left, std::size_t left_count, Key* right,              \
                                 std::size_t right_count, key_order<Key, Floating> order,    \
                                 Key pivot) {                                                \
        return partition_apart(left, left_count, right, right_count,                         \
                               sides<Key, Floating>(order, pivot));                          \
    }

TWILL_KEY_KERNELS(Int16, std::int16_t, false)
TWILL_KEY_KERNELS(Int32, std::int32_t, false)
TWILL_KEY_KERNELS(Int64, std::int64_t, false)
TWILL_KEY_KERNELS(Float32, std::int32_t, true)
TWILL_KEY_KERNELS(Float64, std::int64_t, true)
#undef TWILL_KEY_KERNELS

}  // namespace HWY_NAMESPACE
}  // namespace detail
}  // namespace twill::inline TWILL_ABI
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace twill::inline TWILL_ABI {
namespace detail {

#define TWILL_KEY_KERNELS(name, Key, Floating)                                                     \
    HWY_EXPORT(Together##name);                                                                    \
    HWY_EXPORT(Apart##name);                                                                       \
    template <>                                                                                    \
    std::size_t partition_keys(Key* keys, std::size_t count, key_order<Key, Floating> order,       \
                               Key pivot) {                                                        \
        return HWY_DYNAMIC_DISPATCH(Together##name)(keys, count, order, pivot);                    \
    }                                                                                              \
    template <>                                                                                    \
    partition_counts partition_keys_apart(Key* left, std::size_t left_count, Key* right,           \
                                          std::size_t right_count, key_order<Key, Floating> order, \
                                          Key pivot) {                                             \
        return HWY_DYNAMIC_DISPATCH(Apart##name)(left, left_count, right, right_count, order,      \
                                                 pivot);                                           \
    }

TWILL_KEY_KERNELS(Int16, std::int16_t, false)
TWILL_KEY_KERNELS(Int32, std::int32_t, false)
TWILL_KEY_KERNELS(Int64, std::int64_t, false)
TWILL_KEY_KERNELS(Float32, std::int32_t, true)
TWILL_KEY_KERNELS(Float64, std::int64_t, true)
#undef TWILL_KEY_KERNELS

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
#endif

#else

#include <cstdint>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

template <class Key, bool Floating>
std::size_t partition_keys(Key* keys, std::size_t count, key_order<Key, Floating> order,
                           Key pivot) {
    Key* low = keys;
    for (Key* next = keys; next != keys + count; ++next) {
        const bool left = order.rank(*next) <= pivot;
        std::swap(*next, *low);
        low += left;
    }
    return static_cast<std::size_t>(low - keys);
}

template <class Key, bool Floating>
partition_counts partition_keys_apart(Key* left, std::size_t left_count, Key* right,
                                      std::size_t right_count, key_order<Key, Floating> order,
                                      Key pivot) {
    return {partition_keys(left, left_count, order, pivot),
            partition_keys(right, right_count, order, pivot)};
}

#define TWILL_KEY_KERNELS(Key, Floating)                                                   \
    template std::size_t partition_keys(Key*, std::size_t, key_order<Key, Floating>, Key); \
    template partition_counts partition_keys_apart(Key*, std::size_t, Key*, std::size_t,   \
                                                   key_order<Key, Floating>, Key);

TWILL_KEY_KERNELS(std::int16_t, false)
TWILL_KEY_KERNELS(std::int32_t, false)
TWILL_KEY_KERNELS(std::int64_t, false)
TWILL_KEY_KERNELS(std::int32_t, true)
TWILL_KEY_KERNELS(std::int64_t, true)
#undef TWILL_KEY_KERNELS

}  // namespace detail
}  // namespace twill::inline TWILL_ABI

#endif
// NOLINTEND(bugprone-macro-parentheses)
