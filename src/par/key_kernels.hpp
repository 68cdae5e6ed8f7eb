// The vectorised kernels of sorting primitive keys.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/detail/parallel_partition.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>

namespace twill::inline TWILL_ABI {
namespace detail {

// The order of keys that lie in memory as integers of type Key: ascending in rank(key). One signed
// comparison serves all: unsigned keys have their highest bit turned, floating-point ones the
// others if they are negative, and a descending order turns all bits.
template <class Key, bool Floating>
struct key_order {
    Key turned;

    [[nodiscard]] Key rank(Key key) const noexcept {
        if constexpr (Floating) {
            constexpr Key all_but_sign = std::numeric_limits<Key>::max();
            key = static_cast<Key>(key ^ ((key >> (8 * sizeof(Key) - 1)) & all_but_sign));
        }
        return static_cast<Key>(key ^ turned);
    }
};

// Moves the keys of at most the rank `pivot` to the front; returns how many there are.
template <class Key, bool Floating>
std::size_t partition_keys(Key* keys, std::size_t count, key_order<Key, Floating> order, Key pivot);

// The same with two pieces, as detail/parallel_partition.hpp says.
template <class Key, bool Floating>
partition_counts partition_keys_apart(Key* left, std::size_t left_count, Key* right,
                                      std::size_t right_count, key_order<Key, Floating> order,
                                      Key pivot);

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
