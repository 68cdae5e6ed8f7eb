// Sorts keys, and values along with them.
//
//     twill::par::sort_by_key(prices, offers);                    // prices[i] belongs to offers[i]
//     twill::par::sort_by_key(scores, names, std::greater<>());
//
// Keys of up to four bytes in contiguous memory, in their natural order or its reverse, are sorted
// with vector instructions.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/merging.hpp>
#include <twill/par/detail/scratch.hpp>
#include <twill/par/detail/sort_keys.hpp>
#include <twill/par/for_each.hpp>
#include <twill/par/shield.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <limits>
#include <ranges>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI {
namespace detail {

template <class Key, class Value>
struct keyed {
    Key key;
    Value value;
};

// Keys that fit into half a word beside their place.
template <class I, class Compare>
concept packs_keys = sorts_keys<I, Compare, std::identity> && sizeof(std::iter_value_t<I>) <= 4;

// The key as an unsigned number of the same order, or the reverse one.
template <class Key, bool Descending>
struct key_bits {
    static std::uint32_t of(Key key) noexcept {
        std::uint32_t bits = 0;
        if constexpr (std::floating_point<Key>) {
            bits = std::bit_cast<std::uint32_t>(key);
            bits ^= (bits & sign) != 0 ? ~std::uint32_t{0} : sign;
        } else {
            bits = static_cast<std::uint32_t>(key) ^ (std::is_signed_v<Key> ? sign : 0);
        }
        return Descending ? ~bits : bits;
    }
    static Key back(std::uint32_t bits) noexcept {
        if constexpr (Descending) bits = ~bits;
        if constexpr (std::floating_point<Key>)
            return std::bit_cast<Key>(bits ^ ((bits & sign) != 0 ? sign : ~std::uint32_t{0}));
        else
            return static_cast<Key>(bits ^ (std::is_signed_v<Key> ? sign : 0));
    }

private:
    static constexpr std::uint32_t sign = std::uint32_t{1} << 31;
};

// The keys and their places, in one word each, are sorted as numbers: places make it stable.
// Nothing of the input is touched before that has succeeded.
template <bool Descending, class I, class J>
void sort_packed(par::context& here, I keys, J values, std::ptrdiff_t count) {
    using bits = key_bits<std::iter_value_t<I>, Descending>;
    const auto size = static_cast<std::size_t>(count);
    std::vector<std::uint64_t> packed(size);
    par::for_each_index(here, size, [&](std::size_t i) {
        packed[i] = (std::uint64_t{bits::of(element_at(keys, i))} << 32) | i;
    });
    sort_keys(here, packed.data(), size, key_kind::u64, false);
    scratch<std::iter_value_t<J>> moved(here, values, count);
    par::shield(here, [&](par::context& c) {
        par::for_each_index(c, size, [&](std::size_t i) {
            const std::uint64_t word = packed[i];
            keys[static_cast<std::iter_difference_t<I>>(i)] =
                bits::back(static_cast<std::uint32_t>(word >> 32));
            values[static_cast<std::iter_difference_t<J>>(i)] =
                std::move(moved.begin()[word & std::numeric_limits<std::uint32_t>::max()]);
        });
    });
}

template <class I, class J, class Less>
void sort_keyed(par::context& here, I keys, J values, std::ptrdiff_t count, const Less& less) {
    using entry = keyed<std::iter_value_t<I>, std::iter_value_t<J>>;
    const auto joined =
        std::views::iota(std::ptrdiff_t{0}, count) | std::views::transform([&](std::ptrdiff_t i) {
            return entry{
                std::ranges::iter_move(keys + static_cast<std::iter_difference_t<I>>(i)),
                std::ranges::iter_move(values + static_cast<std::iter_difference_t<J>>(i))};
        });
    scratch<entry> from(here, joined.begin(), count);
    const auto put_back = [&] {
        par::shield(here, [&](par::context& c) {
            par::for_each_index(c, static_cast<std::size_t>(count), [&](std::size_t i) {
                entry& e = from.begin()[i];
                keys[static_cast<std::iter_difference_t<I>>(i)] = std::move(e.key);
                values[static_cast<std::iter_difference_t<J>>(i)] = std::move(e.value);
            });
        });
    };
    try {
        stable_sort_by(here, from.begin(), count, less);
    } catch (...) {
        put_back();
        throw;
    }
    put_back();
}

}  // namespace detail

namespace par {

// Sorts `keys` by `compare`, and moves `values` in the same way: what was at one place of both is
// at one place of both afterwards. Stable: values whose keys are equal keep their order. Needs
// memory for up to two copies of both. (`-0.0` sorts before `0.0` and NaNs by their sign to the
// ends, as in sort.)
//
// Throws: std::invalid_argument if there are not as many values as keys (iterators name the first
// of as many values); what `compare` throws;
// `cancelled`, at a beat, if the region was asked to stop; std::bad_alloc. Both ranges then hold
// the same elements in some order, still in pairs (unless moving one threw). Complexity: O(n log
// n). `compare` is called by several threads at a time. Any thread.
template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          std::random_access_iterator J, class Compare = std::ranges::less>
    requires std::sortable<I, Compare> && std::permutable<J>
void sort_by_key(context& here, I keys, S keys_end, J values, Compare compare = {}) {
    const std::ptrdiff_t count = keys_end - keys;
    if (count < 2) return;
    if constexpr (detail::packs_keys<I, Compare>) {
        if (static_cast<std::uint64_t>(count) <= std::numeric_limits<std::uint32_t>::max())
            return detail::sort_packed<detail::is_greater<Compare, std::iter_value_t<I>>>(
                here, keys, values, count);
    }
    using entry = detail::keyed<std::iter_value_t<I>, std::iter_value_t<J>>;
    const auto less = [&](const entry& a, const entry& b) {
        return static_cast<bool>(std::invoke(compare, a.key, b.key));
    };
    detail::sort_keyed(here, keys, values, count, less);
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          std::random_access_iterator J, class Compare = std::ranges::less>
    requires std::sortable<I, Compare> && std::permutable<J>
void sort_by_key(I keys, S keys_end, J values, Compare compare = {}) {
    region(
        [&](context& here) { par::sort_by_key(here, keys, keys_end, values, std::move(compare)); });
}

template <splittable_range K, splittable_range V, class Compare = std::ranges::less>
    requires std::sortable<std::ranges::iterator_t<K>, Compare> &&
             std::permutable<std::ranges::iterator_t<V>>
void sort_by_key(context& here, K&& keys, V&& values, Compare compare = {}) {
    const auto first = std::ranges::begin(keys);
    const std::ptrdiff_t count = std::ranges::distance(keys);
    if (std::ranges::distance(values) != count)
        throw std::invalid_argument("sort_by_key: there are not as many values as keys");
    par::sort_by_key(here, first, first + count, std::ranges::begin(values), std::move(compare));
}

template <splittable_range K, splittable_range V, class Compare = std::ranges::less>
    requires std::sortable<std::ranges::iterator_t<K>, Compare> &&
             std::permutable<std::ranges::iterator_t<V>>
void sort_by_key(K&& keys, V&& values, Compare compare = {}) {
    region([&](context& here) { par::sort_by_key(here, keys, values, std::move(compare)); });
}

}  // namespace par
}  // namespace twill::inline TWILL_ABI
