// Which instructions of a program touch memory that threads share.
//
// Most accesses are a thread's own business, and to switch threads before them changes nothing; it
// only makes the schedules longer, so that the few that matter are hit more seldom. Which do matter
// is seen in one run, the *profile run*: each place that accesses memory is found to touch such
// that only one thread ever used (`alone`), or not (`shared`). A place that was not come by remains
// `unseen`, and has to be taken for shared.
//
// A table in memory that the processes of all runs share; written in the profile run only, so each
// run after it sees the same. When it is full, places remain unseen.
#pragma once

#include <twill/core/config.hpp>

#include <cstddef>
#include <cstdint>

#include "explore/arena.hpp"
#include "shadow_memory.hpp"

namespace twill::inline TWILL_ABI::check {

class access_places {
public:
    enum class kind : std::uint8_t { unseen, alone, shared };

    [[nodiscard]] kind of(std::uintptr_t place) const noexcept;
    // `shared` stays, whatever comes later.
    void mark(std::uintptr_t place, kind what) noexcept;

private:
    static constexpr std::size_t most = std::size_t{1} << 16;

    [[nodiscard]] std::size_t slot(std::uintptr_t place) const noexcept;

    std::uint64_t entries_[most];  // the place and, in its lowest bits, the kind; 0: empty
    std::size_t count_;
};

// Fills the table, in the profile run. While a granule is one thread's, it remembers from where
// that came by; when another comes, all of these are found to touch what is shared.
class sharing_watch {
public:
    sharing_watch(explore::arena& memory, access_places& into) noexcept
        : into_(into), visits_(memory) {
        visits_.push_back({});  // index 0 says "none"
    }

    // After the detector has noted the access.
    void came_by(granule& where, std::uintptr_t place) noexcept;

private:
    // So many are remembered of a granule; more places are taken for shared at once.
    static constexpr unsigned most_of_granule = 8;

    struct visit {
        std::uintptr_t place;
        std::uint32_t next;  // 0: none
    };

    access_places& into_;
    explore::row<visit> visits_;
};

}  // namespace twill::inline TWILL_ABI::check
