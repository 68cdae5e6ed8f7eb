// One worker of the model: its stack, its private list, its offer. What compute_worker, `fork` and
// `loop` do on their own.
#pragma once

#include <twill/core/config.hpp>

#include "model/pool_model.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace twill::inline TWILL_ABI::bench {

struct worker_model;

// A piece of work that another worker may run.
struct job_model {
    enum class state : unsigned char { on_offer, running, ended, taken_back };

    state at = state::on_offer;
    bool awaited = false;  // its owner sleeps until it has ended
    worker_model* owner = nullptr;
    worker_model* executor = nullptr;
    job_model* parent = nullptr;
    unsigned depth = 0;        // of the marker under which it runs
    unsigned offer_depth = 0;  // of the one under which it was forked
    bool is_loop = false;
    piece what = {};
    std::uint64_t begin = 0;  // of a loop's part
    std::uint64_t end = 0;
};

// A function's place on a worker's stack. A join's or loop's is also its entry in the private list,
// while `listed`; a job's or region's is the marker.
struct frame_model {
    enum class kind : unsigned char { join, loop, marker, waiting };
    static constexpr unsigned most_parts = 4;
    static constexpr std::uint64_t fast = 6;
    static constexpr std::uint64_t slow = 2;
    static constexpr std::uint64_t second_block = 16;
    static constexpr std::uint64_t largest_block = 4096;

    kind what = kind::join;
    bool listed = false;
    job_model* job = nullptr;  // the join's, once offered; the marker's; what is waited for
    piece right = {};          // of a join; of a loop: itself
    // A loop.
    bool entered = false;   // in `iterate`
    bool at_first = false;  // before the single iteration that a fast loop begins with
    bool share_at_once = false;
    std::uint64_t begun = 0;
    std::uint64_t end = 0;
    std::uint64_t growth = fast;
    std::uint64_t block = 1;
    std::uint64_t at = 0;  // the next iteration of the block that is being run
    ticks each = 0;
    unsigned parts = 0;
    job_model* part[most_parts] = {};
    int looks = 0;  // of a waiter
};

struct worker_model {
    enum class mode : unsigned char { running, seeking, claiming, idle, asleep };
    enum class poke : unsigned char { none, start, outside };

    unsigned number = 0;
    mode doing = mode::idle;
    std::vector<frame_model> stack;
    std::optional<piece> next;  // what is called next, on top of the stack
    unsigned depth = 0;         // markers on the stack

    poke poked = poke::none;
    ticks poked_from = 0;

    job_model* offer = nullptr;
    std::uint64_t offers = 0;       // how many were published
    std::uint64_t seen_offers = 0;  // the ticker's

    bool on_core = false;
    std::uint64_t activity = 0;
    std::uint64_t seen_activity = 0;

    job_model* awaited = nullptr;
    worker_model* help_whom = nullptr;
    std::uint64_t help_what = 0;

    unsigned scan_from = 0;  // a thief's next victim, in the ring
    int hunger = 0;          // pokes since it last had something
    ticks woken_at = 0;      // or when it last found what it had asked for
    ticks looks_until = -1;  // after having asked for work; -1: it has not
    bool busy = false;       // has a job, and does not wait
    bool at_poll = false;    // has pushed an entry, and looks at its poke next

    [[nodiscard]] bool is_poked(ticks now) const {
        return poked != poke::none && poked_from <= now;
    }
    [[nodiscard]] bool is_poked_by_others(ticks now) const {
        return poked == poke::outside && poked_from <= now;
    }
};

}  // namespace twill::inline TWILL_ABI::bench
