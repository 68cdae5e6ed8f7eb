#include "check/objects.hpp"

namespace twill::inline TWILL_ABI::check {

// Where it is, or where it belongs. Open addressing; a quarter of the places in use stays free.
std::size_t object_table::place_of(object_kind kind, const void* address) const noexcept {
    const auto bits = reinterpret_cast<std::uintptr_t>(address) + static_cast<std::uintptr_t>(kind);
    // Fibonacci hashing: the upper bits of the product depend on all bits of the address.
    std::size_t at = static_cast<std::size_t>((bits * 0x9E3779B97F4A7C15ULL) >> (64U - bits_));
    for (; index_[at] != 0; at = (at + 1) % places()) {
        const entry& there = entries_[index_[at]];
        if (there.address == address && there.kind == kind) break;
    }
    return at;
}

void object_table::spread_out() noexcept {
    for (std::size_t i = 0; i != places(); ++i) index_[i] = 0;
    ++bits_;
    for (std::uint32_t i = 1; i <= count_; ++i)
        index_[place_of(entries_[i].kind, entries_[i].address)] = static_cast<std::uint16_t>(i);
}

std::uint32_t object_table::number(object_kind kind, const void* address) noexcept {
    std::size_t at = place_of(kind, address);
    if (index_[at] == 0) {
        if (count_ == most) return 0;
        if (count_ == places() / 4 * 3 && bits_ != most_bits) {
            spread_out();
            at = place_of(kind, address);
        }
        entries_[++count_] = {address, kind};
        index_[at] = static_cast<std::uint16_t>(count_);
    }
    return index_[at];
}

std::uint32_t object_table::known(object_kind kind, const void* address) const noexcept {
    return index_[place_of(kind, address)];
}

}  // namespace twill::inline TWILL_ABI::check
