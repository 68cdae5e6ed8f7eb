#include <twill/par/detail/grouping.hpp>

namespace twill::inline TWILL_ABI {
namespace detail {

void hash_numbers::grow() {
    slots_.assign(std::max<std::size_t>(16, 2 * slots_.size()), {0, free});
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t n = 0; n != hashes_.size(); ++n) {
        std::size_t i = hashes_[n] & mask;
        while (slots_[i].number != free) i = (i + 1) & mask;
        slots_[i] = {static_cast<std::uint32_t>(hashes_[n] >> 32), static_cast<std::uint32_t>(n)};
    }
}

numbers_by_part by_part_of_hash(const std::vector<std::uint64_t>& hashes) {
    numbers_by_part made{std::vector<numbers_by_part::entry>(hashes.size()), {}};
    for (const std::uint64_t hash : hashes) ++made.begins[part_of(hash) + 1];
    for (std::size_t p = 0; p != hash_parts; ++p) made.begins[p + 1] += made.begins[p];
    auto next = made.begins;
    for (std::size_t n = 0; n != hashes.size(); ++n)
        made.entries[next[part_of(hashes[n])]++] = {hashes[n], static_cast<std::uint32_t>(n)};
    return made;
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
