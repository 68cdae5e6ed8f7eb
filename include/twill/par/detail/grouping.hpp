// Which elements belong together.
//
// 1. The range is cut into chunks. Each numbers its keys by a hash table of its own, in the order
//    of their first elements, and writes down each element's number: a key is made, hashed and
//    looked up once an element, in a table that the caches mostly hold.
// 2. The keys of all chunks are brought together, each part of the hash by itself, so that this is
//    parallel too. Chunks come in their order, so a key's first chunk and what each later one adds
//    are known.
// 3. The groups are numbered by their first elements: chunk by chunk, those that are first there.
// 4. Each chunk knows for each of its keys where its elements go.
//
// The chunks depend on the number of elements alone. A key that most elements have is one key in
// each chunk: no part is long because of it.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/side_memory.hpp>
#include <twill/par/for_each.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI {
namespace detail {

// Spreads what hashes like std::hash of an integer leave in the lowest bits (splitmix64's finish).
inline std::uint64_t spread_hash(std::size_t hash) noexcept {
    std::uint64_t x = hash;
    x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93U;
    return x ^ (x >> 32);
}

// Numbers what it is asked for by open addressing, from 0 on. The keys are kept by who asks.
class hash_numbers {
public:
    // The number of what has this hash and is `same(number)`; if there is none, the next, size()
    // before the call.
    template <class Same>
    std::uint32_t find_or_add(std::uint64_t hash, const Same& same) {
        if (2 * hashes_.size() >= slots_.size()) grow();
        const std::size_t mask = slots_.size() - 1;
        slot* const slots = slots_.data();
        const auto tag = static_cast<std::uint32_t>(hash >> 32);
        std::size_t i = hash & mask;
        for (; slots[i].number != free; i = (i + 1) & mask)
            if (slots[i].tag == tag && same(slots[i].number)) return slots[i].number;
        hashes_.push_back(hash);
        slots[i] = {tag, static_cast<std::uint32_t>(hashes_.size() - 1)};
        return slots[i].number;
    }
    [[nodiscard]] const std::vector<std::uint64_t>& hashes() const noexcept { return hashes_; }

private:
    static constexpr std::uint32_t free = ~std::uint32_t{0};
    struct slot {
        std::uint32_t tag;  // the upper half of the hash
        std::uint32_t number;
    };

    TWILL_API void grow();

    std::vector<slot> slots_;  // at most half of them are used
    std::vector<std::uint64_t> hashes_;
};

inline constexpr std::size_t hash_parts = 256;
inline std::size_t part_of(std::uint64_t hash) noexcept {
    return static_cast<std::size_t>(hash >> 56);
}

// Numbers by part of their hashes, in their order within a part.
struct numbers_by_part {
    struct entry {
        std::uint64_t hash;
        std::uint32_t number;
    };
    std::vector<entry> entries;
    std::array<std::uint32_t, hash_parts + 1> begins;
};
TWILL_API numbers_by_part by_part_of_hash(const std::vector<std::uint64_t>& hashes);

// The keys of a chunk, by their numbers there.
template <class Key>
struct chunk_keys {
    hash_numbers numbers;
    std::vector<Key> keys;
    // How many elements there are; then how many are before them in the group; then where the next
    // one goes.
    std::vector<std::size_t> places;
    // From here on only if there is more than one chunk.
    numbers_by_part by_part;
    std::vector<std::uint32_t> in_part;  // the group's number in its part
    std::vector<unsigned char> is_first;
    std::size_t groups_before = 0;
};

template <class Key>
struct grouping {
    std::vector<Key> keys;            // in the order of their first elements
    std::vector<std::size_t> begins;  // of the groups, and the end of the last
    std::size_t count = 0;
    std::size_t chunk_size = 0;
    std::vector<chunk_keys<Key>> chunks;
    side_array<std::uint32_t> numbers;  // of each element's key, in its chunk

    // Calls `move_to(i, place)` for each element of the range.
    template <class F>
    void each_place(par::context& here, const F& move_to) {
        par::for_each_index(here, chunks.size(), [&](par::context&, std::size_t c) {
            std::size_t* const places = chunks[c].places.data();
            const std::uint32_t* const number = numbers.get();
            const std::size_t end = std::min(count, (c + 1) * chunk_size);
            for (std::size_t i = c * chunk_size; i != end; ++i) move_to(i, places[number[i]]++);
        });
    }
};

// The groups of one part of the hash, from all chunks.
template <class Key>
struct part_groups {
    struct group {
        const Key* key;  // in the first chunk that has it
        std::size_t size;
        std::size_t number;
    };
    hash_numbers numbers;
    std::vector<group> groups;

    void merge(std::vector<chunk_keys<Key>>& chunks, std::size_t part) {
        for (chunk_keys<Key>& chunk : chunks) {
            const auto& [entries, begins] = chunk.by_part;
            for (std::size_t e = begins[part]; e != begins[part + 1]; ++e) {
                const std::uint32_t local = entries[e].number;
                const Key& key = chunk.keys[local];
                const std::uint32_t found = numbers.find_or_add(
                    entries[e].hash, [&](std::uint32_t g) { return *groups[g].key == key; });
                chunk.is_first[local] = found == groups.size();
                if (found == groups.size()) groups.push_back({&key, 0, 0});
                chunk.in_part[local] = found;
                groups[found].size += std::exchange(chunk.places[local], groups[found].size);
            }
        }
    }
};

template <class Key, class KeyOf, class Hash>
void number_keys(grouping<Key>& found, std::size_t c, const KeyOf& key_of, const Hash& hash) {
    chunk_keys<Key> chunk;
    std::uint32_t* const number = found.numbers.get();
    const std::size_t end = std::min(found.count, (c + 1) * found.chunk_size);
    for (std::size_t i = c * found.chunk_size; i != end; ++i) {
        Key key = key_of(i);
        const std::uint32_t n = chunk.numbers.find_or_add(
            spread_hash(std::invoke(hash, std::as_const(key))),
            [&](std::uint32_t other) { return chunk.keys[other] == key; });
        if (n == chunk.keys.size()) {
            chunk.keys.push_back(std::move(key));
            chunk.places.push_back(0);
        }
        ++chunk.places[n];
        number[i] = n;
    }
    if (found.chunks.size() > 1) {
        chunk.by_part = by_part_of_hash(chunk.numbers.hashes());
        chunk.numbers = {};
        chunk.in_part.resize(chunk.keys.size());
        chunk.is_first.resize(chunk.keys.size());
    }
    found.chunks[c] = std::move(chunk);
}

// Brings the chunks' keys together.
template <class Key>
void merge_keys(par::context& here, grouping<Key>& found) {
    using part_array = std::array<part_groups<Key>, hash_parts>;
    const auto parts = std::make_unique<part_array>();
    auto& chunks = found.chunks;
    par::for_each_index(here, hash_parts,
                        [&](par::context&, std::size_t p) { (*parts)[p].merge(chunks, p); });
    std::size_t groups = 0;
    for (chunk_keys<Key>& chunk : chunks) {
        chunk.groups_before = groups;
        groups += static_cast<std::size_t>(std::ranges::count(chunk.is_first, 1));
    }
    const auto each_entry = [&](chunk_keys<Key>& chunk, const auto& function) {
        for (const auto& [hash, local] : chunk.by_part.entries)
            function(local, (*parts)[part_of(hash)].groups[chunk.in_part[local]]);
    };

    found.keys.reserve(groups);
    found.begins.resize(groups + 1);
    par::for_each_index(here, chunks.size(), [&](par::context&, std::size_t c) {
        chunk_keys<Key>& chunk = chunks[c];
        std::vector<std::size_t> number_of(chunk.keys.size());
        std::size_t next = chunk.groups_before;
        for (std::size_t l = 0; l != number_of.size(); ++l)
            number_of[l] = chunk.is_first[l] != 0 ? next++ : 0;
        each_entry(chunk, [&](std::uint32_t local, auto& group) {
            if (chunk.is_first[local] == 0) return;
            group.number = number_of[local];
            found.begins[group.number + 1] = group.size;
        });
    });
    for (std::size_t g = 0; g != groups; ++g) found.begins[g + 1] += found.begins[g];
    for (chunk_keys<Key>& chunk : chunks)
        for (std::size_t l = 0; l != chunk.keys.size(); ++l)
            if (chunk.is_first[l] != 0) found.keys.push_back(std::move(chunk.keys[l]));
    par::for_each_index(here, chunks.size(), [&](par::context&, std::size_t c) {
        each_entry(chunks[c], [&](std::uint32_t local, const auto& group) {
            chunks[c].places[local] += found.begins[group.number];
        });
    });
}

template <class Key, class KeyOf, class Hash>
grouping<Key> find_groups(par::context& here, std::size_t count, const KeyOf& key_of,
                          const Hash& hash) {
    // Large: few keys are met in many chunks. Not too few of them: they are what is shared out.
    constexpr std::size_t least = std::size_t{1} << 12;
    constexpr std::size_t largest = std::size_t{1} << 18;
    grouping<Key> found;
    found.count = count;
    found.chunk_size = std::clamp(count / 64, least, largest);
    found.chunks.resize((count + found.chunk_size - 1) / found.chunk_size);
    found.numbers = side_array<std::uint32_t>(count);
    par::for_each_index(here, found.chunks.size(),
                        [&](par::context&, std::size_t c) { number_keys(found, c, key_of, hash); });
    if (found.chunks.size() > 1) {
        merge_keys(here, found);
    } else {
        found.begins = {0};
        for (chunk_keys<Key>& only : found.chunks) {
            found.keys = std::move(only.keys);
            for (std::size_t& place : only.places) {
                const std::size_t begin = found.begins.back();
                found.begins.push_back(begin + std::exchange(place, begin));
            }
        }
    }
    return found;
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
