// A quicksort whose large partitions are shared out (detail/parallel_partition.hpp) and whose small
// ranges go to Highway's VQSort.
#include <twill/par/detail/sort_keys.hpp>

#include <twill/par/detail/parallel_partition.hpp>
#include <twill/par/join.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <new>

#include "par/key_kernels.hpp"

namespace twill::inline TWILL_ABI {
namespace detail {
namespace {

template <class Key, bool Floating>
struct key_partition {
    key_order<Key, Floating> order;
    Key pivot;

    [[nodiscard]] std::size_t partition_together(Key* keys, std::size_t count) const {
        return partition_keys(keys, count, order, pivot);
    }
    [[nodiscard]] partition_counts partition_apart(Key* left, std::size_t left_count, Key* right,
                                                   std::size_t right_count) const {
        return partition_keys_apart(left, left_count, right, right_count, order, pivot);
    }
};

template <class Key, bool Floating>
class key_sort {
public:
    key_sort(key_kind kind, bool descending)
        : kind_(kind), descending_(descending), order_(order_of(kind, descending)) {}

    void sort(par::context& here, Key* keys, std::size_t count, unsigned levels) const {
        if (count * sizeof(Key) <= bytes_sorted_serially || levels == 0)
            return sort_keys_serially(keys, count, kind_, descending_);
        const choice pivot = choose(keys, count);
        const std::size_t middle = split(here, keys, count, pivot.rank, count / 2);
        std::size_t below = middle;
        // Many equal keys come out of the way; and without a larger one, something must.
        if ((pivot.frequent || middle == count) && pivot.rank != std::numeric_limits<Key>::min())
            below = split(here, keys, middle, static_cast<Key>(pivot.rank - 1), middle / 2);
        par::join(
            here, [&](par::context& c) { sort(c, keys, below, levels - 1); },
            [&](par::context& c) { sort(c, keys + middle, count - middle, levels - 1); });
    }

private:
    struct choice {
        Key rank;
        bool frequent;
    };

    static key_order<Key, Floating> order_of(key_kind kind, bool descending) {
        const bool has_sign =
            kind != key_kind::u16 && kind != key_kind::u32 && kind != key_kind::u64;
        const Key highest = std::numeric_limits<Key>::min();
        const Key all = descending ? Key{-1} : Key{0};
        return {static_cast<Key>(all ^ (has_sign ? Key{0} : highest))};
    }

    // The median of keys from everywhere. The places are scattered (a multiplicative generator), so
    // that a pattern in the input does not meet a pattern of theirs.
    [[nodiscard]] choice choose(const Key* keys, std::size_t count) const {
        constexpr std::size_t samples = 63;
        std::array<Key, samples> sample;
        std::uint64_t state = count;
        for (Key& s : sample) {
            state = state * 6364136223846793005U + 1442695040888963407U;
            s = order_.rank(keys[static_cast<std::size_t>(state >> 11) % count]);
        }
        std::sort(sample.begin(), sample.end());
        const Key median = sample[samples / 2];
        const auto [from, to] = std::equal_range(sample.begin(), sample.end(), median);
        return {median, to - from >= static_cast<std::ptrdiff_t>(samples / 8)};
    }

    std::size_t split(par::context& here, Key* keys, std::size_t count, Key pivot,
                      std::size_t expected) const {
        const key_partition<Key, Floating> kernel{order_, pivot};
        if (count >= least_parallel_partition) {
            try {
                return partition_in_parallel(here, keys, count, expected, kernel);
            } catch (const std::bad_alloc&) {  // one thread needs no memory
            }
        }
        return kernel.partition_together(keys, count);
    }

    const key_kind kind_;
    const bool descending_;
    const key_order<Key, Floating> order_;
};

template <class Key, bool Floating>
void sort_as(par::context& here, void* keys, std::size_t count, key_kind kind, bool descending) {
    // More levels than this only come of an input made for it; the leaf's own sort then bounds the
    // time.
    const auto levels = 2 * static_cast<unsigned>(std::bit_width(count));
    key_sort<Key, Floating>(kind, descending).sort(here, static_cast<Key*>(keys), count, levels);
}

}  // namespace

void sort_keys(par::context& here, void* keys, std::size_t count, key_kind kind, bool descending) {
    switch (kind) {
        case key_kind::u16:
        case key_kind::i16:
            return sort_as<std::int16_t, false>(here, keys, count, kind, descending);
        case key_kind::u32:
        case key_kind::i32:
            return sort_as<std::int32_t, false>(here, keys, count, kind, descending);
        case key_kind::u64:
        case key_kind::i64:
            return sort_as<std::int64_t, false>(here, keys, count, kind, descending);
        case key_kind::f32:
            return sort_as<std::int32_t, true>(here, keys, count, kind, descending);
        case key_kind::f64:
            return sort_as<std::int64_t, true>(here, keys, count, kind, descending);
    }
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
