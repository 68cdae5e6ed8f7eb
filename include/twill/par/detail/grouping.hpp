// Which elements belong together.
//
// 1. The range is cut into chunks, and each chunk's elements are counted by part of the hash: 256
// parts,
//    so that what follows is parallel however few or many keys there are.
// 2. The places of the elements are written part by part, in their order.
// 3. Each part numbers its keys by a hash table of its own. No two parts share a key.
// 4. Groups are numbered by their first element, and each element is given its place.
//
// One key that most elements have makes one part long; its elements are only counted there.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/for_each.hpp>
#include <twill/par/sort.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI {
namespace detail {

template <class Key>
struct grouping {
    std::vector<Key> keys;              // in the order of their first elements
    std::vector<std::size_t> begins;    // of the groups, and the end of the last
    std::vector<std::size_t> place_of;  // of each element, among the groups
};

// Spreads what hashes like std::hash of an integer leave in the lowest bits (splitmix64's finish).
inline std::uint64_t spread_hash(std::size_t hash) noexcept {
    std::uint64_t x = hash;
    x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93U;
    return x ^ (x >> 32);
}

// The keys of one part with open addressing; `groups` are in the order of their first elements.
template <class Key>
class group_table {
public:
    struct group {
        Key key;
        std::uint64_t hash;
        std::size_t first;
        std::size_t size;
    };

    // The number of the group of a key that element `i` has.
    std::size_t add(Key&& key, std::uint64_t hash, std::size_t i) {
        if (2 * (groups_.size() + 1) > slots_.size()) grow();
        std::size_t& slot =
            find(hash, [&](const group& g) { return g.hash == hash && g.key == key; });
        if (slot == free) {
            groups_.push_back({std::move(key), hash, i, 0});
            slot = groups_.size() - 1;
        }
        ++groups_[slot].size;
        return slot;
    }
    std::vector<group>& groups() noexcept { return groups_; }

private:
    static constexpr std::size_t free = ~std::size_t{0};

    template <class Same>
    std::size_t& find(std::uint64_t hash, Same same) {
        const std::size_t mask = slots_.size() - 1;
        std::size_t i = hash & mask;
        while (slots_[i] != free && !same(groups_[slots_[i]])) i = (i + 1) & mask;
        return slots_[i];
    }
    void grow() {
        slots_.assign(std::max<std::size_t>(16, 2 * slots_.size()), free);
        for (std::size_t g = 0; g != groups_.size(); ++g)
            find(groups_[g].hash, [](const group&) { return false; }) = g;
    }

    std::vector<std::size_t> slots_;
    std::vector<group> groups_;
};

inline constexpr std::size_t grouping_parts = 256;
using part_places = std::array<std::size_t, grouping_parts>;

// From counts by chunk and part to the place of each chunk's first element of each part.
TWILL_API void add_up_places(std::vector<part_places>& chunks) noexcept;

template <class Key, class KeyOf, class Hash>
grouping<Key> find_groups(par::context& here, std::size_t count, const KeyOf& key_of,
                          const Hash& hash) {
    constexpr std::size_t chunk = std::size_t{1} << 14;
    const auto hash_of = [&](const Key& key) { return spread_hash(std::invoke(hash, key)); };
    const auto part_of = [](std::uint64_t h) { return static_cast<std::size_t>(h >> 56); };

    std::vector<part_places> chunks((count + chunk - 1) / chunk);
    std::vector<std::uint64_t> hashes(count);
    const auto in_chunk = [&](std::size_t c, auto&& function) {
        const std::size_t end = std::min(count, (c + 1) * chunk);
        for (std::size_t i = c * chunk; i != end; ++i) function(i);
    };
    par::for_each_index(here, chunks.size(), [&](std::size_t c) {
        part_places counts{};
        in_chunk(c, [&](std::size_t i) {
            hashes[i] = hash_of(key_of(i));
            ++counts[part_of(hashes[i])];
        });
        chunks[c] = counts;
    });
    add_up_places(chunks);
    std::vector<std::size_t> by_part(count);
    par::for_each_index(here, chunks.size(), [&](std::size_t c) {
        part_places next = chunks[c];
        in_chunk(c, [&](std::size_t i) { by_part[next[part_of(hashes[i])]++] = i; });
        chunks[c] = next;
    });
    if (count == 0) return {{}, {0}, {}};
    const part_places& ends = chunks.back();

    // `group_of` first holds numbers within the part.
    std::array<group_table<Key>, grouping_parts> tables;
    std::vector<std::size_t> group_of(count);
    par::for_each_index(here, grouping_parts, [&](std::size_t p) {
        for (std::size_t k = p == 0 ? 0 : ends[p - 1]; k != ends[p]; ++k) {
            const std::size_t i = by_part[k];
            group_of[i] = tables[p].add(key_of(i), hashes[i], i);
        }
    });

    // First elements are distinct, so they order the groups.
    struct place {
        std::size_t first;
        std::size_t part;
        std::size_t in_part;
    };
    std::vector<place> order;
    for (std::size_t p = 0; p != grouping_parts; ++p)
        for (std::size_t g = 0; g != tables[p].groups().size(); ++g)
            order.push_back({tables[p].groups()[g].first, p, g});
    par::sort(here, order, std::less<>(), &place::first);

    grouping<Key> found;
    found.keys.reserve(order.size());
    found.begins.reserve(order.size() + 1);
    std::size_t begin = 0;
    for (const place& at : order) {
        auto& group = tables[at.part].groups()[at.in_part];
        found.keys.push_back(std::move(group.key));
        found.begins.push_back(begin);
        group.first = begin;  // from now on: where its next element goes
        begin += group.size;
    }
    found.begins.push_back(begin);
    found.place_of.resize(count);
    par::for_each_index(here, grouping_parts, [&](std::size_t p) {
        auto& groups = tables[p].groups();
        for (std::size_t k = p == 0 ? 0 : ends[p - 1]; k != ends[p]; ++k)
            found.place_of[by_part[k]] = groups[group_of[by_part[k]]].first++;
    });
    return found;
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
