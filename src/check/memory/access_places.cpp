#include "access_places.hpp"

namespace twill::inline TWILL_ABI::check {
namespace {

constexpr unsigned kind_bits = 2;
constexpr std::uint64_t kind_mask = (1U << kind_bits) - 1U;

}  // namespace

std::size_t access_places::slot(std::uintptr_t place) const noexcept {
    // Places of one function lie side by side: each run brings in the pages of the table that it
    // looks at anew, which takes longer than the look itself.
    constexpr unsigned block_bits = 9;
    const std::uint64_t block =
        std::uint64_t{place >> (block_bits + 2)} * 0x9e3779b97f4a7c15U >> 40;
    const std::uint64_t within = place >> 2 & ((1U << block_bits) - 1);
    std::size_t at = (block + within) % most;
    while (entries_[at] != 0 && entries_[at] >> kind_bits != place) at = (at + 1) % most;
    return at;
}

access_places::kind access_places::of(std::uintptr_t place) const noexcept {
    return static_cast<kind>(entries_[slot(place)] & kind_mask);
}

void access_places::mark(std::uintptr_t place, kind what) noexcept {
    std::uint64_t& entry = entries_[slot(place)];
    if (static_cast<kind>(entry & kind_mask) >= what) return;
    if (entry == 0) {
        if (count_ == most / 2) return;
        ++count_;
    }
    entry = std::uint64_t{place} << kind_bits | static_cast<std::uint64_t>(what);
}

void sharing_watch::came_by(granule& where, std::uintptr_t place) noexcept {
    using kind = access_places::kind;
    if (where.shared) {
        for (std::uint32_t i = where.visits; i != 0; i = visits_[i].next)
            into_.mark(visits_[i].place, kind::shared);
        where.visits = 0;
        into_.mark(place, kind::shared);
        return;
    }
    if (into_.of(place) == kind::shared) return;
    unsigned count = 0;
    for (std::uint32_t i = where.visits; i != 0; i = visits_[i].next) {
        if (visits_[i].place == place) return;
        ++count;
    }
    if (count == most_of_granule) {
        into_.mark(place, kind::shared);
        return;
    }
    visits_.push_back({place, where.visits});
    where.visits = static_cast<std::uint32_t>(visits_.size() - 1);
    into_.mark(place, kind::alone);
}

}  // namespace twill::inline TWILL_ABI::check
