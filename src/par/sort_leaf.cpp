// Sorting numbers on one thread.
#include <twill/par/detail/sort_keys.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>

#if defined(TWILL_HAS_HIGHWAY)
#include <hwy/contrib/sort/vqsort.h>
#endif

namespace twill::inline TWILL_ABI {
namespace detail {
namespace {

#if defined(TWILL_HAS_HIGHWAY)
// Each call of VQSort asks the kernel for random bits (0.6 us): fewer keys are sorted before that.
constexpr std::size_t least_for_vqsort = 40;
#endif

template <class Key>
void sort_integers(Key* keys, std::size_t count, bool descending) noexcept {
#if defined(TWILL_HAS_HIGHWAY)
    if (count >= least_for_vqsort) {
        const hwy::Sorter vqsort;
        return descending ? vqsort(keys, count, hwy::SortDescending())
                          : vqsort(keys, count, hwy::SortAscending());
    }
#endif
    if (descending)
        std::sort(keys, keys + count, std::greater<>());
    else
        std::sort(keys, keys + count);
}

// Sorted as integers of the same order. VQSort of Highway 1.0.3 loses infinities and NaNs when it
// is given the floating-point type.
template <class Key>
void sort_floats(Key* keys, std::size_t count, bool descending) noexcept {
    const auto turn = [&] {
        constexpr Key all_but_sign = std::numeric_limits<Key>::max();
        for (std::size_t i = 0; i != count; ++i)
            keys[i] =
                static_cast<Key>(keys[i] ^ ((keys[i] >> (8 * sizeof(Key) - 1)) & all_but_sign));
    };
    turn();
    sort_integers(keys, count, descending);
    turn();
}

}  // namespace

void sort_keys_serially(void* keys, std::size_t count, key_kind kind, bool descending) noexcept {
    switch (kind) {
        case key_kind::u16:
            return sort_integers(static_cast<std::uint16_t*>(keys), count, descending);
        case key_kind::i16:
            return sort_integers(static_cast<std::int16_t*>(keys), count, descending);
        case key_kind::u32:
            return sort_integers(static_cast<std::uint32_t*>(keys), count, descending);
        case key_kind::i32:
            return sort_integers(static_cast<std::int32_t*>(keys), count, descending);
        case key_kind::u64:
            return sort_integers(static_cast<std::uint64_t*>(keys), count, descending);
        case key_kind::i64:
            return sort_integers(static_cast<std::int64_t*>(keys), count, descending);
        case key_kind::f32:
            return sort_floats(static_cast<std::int32_t*>(keys), count, descending);
        case key_kind::f64:
            return sort_floats(static_cast<std::int64_t*>(keys), count, descending);
    }
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
