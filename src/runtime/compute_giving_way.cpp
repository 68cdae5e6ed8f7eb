// The compute worker's side of giving way to the event thread. Its rule is in giving_way.hpp.
#include <twill/core/event.hpp>

#include <sched.h>

#include <chrono>

#include "compute_core.hpp"

namespace twill::inline TWILL_ABI::detail {
namespace {

// Blocks of a loop that take less may grow: what a request waits at most for a look at the clock.
constexpr duration longest_block = std::chrono::microseconds(12);

// After so long without a turn of the event thread there is nobody to give way to.
constexpr duration until_unserved = std::chrono::milliseconds(100);

}  // namespace

bool compute_context::glance() noexcept { return static_cast<compute_worker*>(this)->glance(); }

void compute_worker::see_whether_io_is_served() noexcept {
    if (gives_way_ || io_ == nullptr || !io_->serves()) return;
    gives_way_ = true;
    glanced_ = turned_ = now();
    seen_turns_ = io_->turns();
}

bool compute_worker::glance() noexcept {
    if (meter() != nullptr) return false;  // a measured region keeps its thread
    time_point at = now();
    const bool short_block = at - glanced_ < longest_block;
    // Also where no yield is due for long.
    if (core_.is_paced()) [[unlikely]]
        at = rest_for_quota(at);
    glanced_ = giving_way_.due(at) ? give_way(at) : at;
    return short_block;
}

// Gives the time when it is over.
time_point compute_worker::give_way(time_point at) noexcept {
    io_activity& io = *io_;
    if (const std::uint64_t turns = io.turns(); turns != seen_turns_) {
        seen_turns_ = turns;
        turned_ = at;
    } else if (at - turned_ > until_unserved) {
        io.serves_no_more();
        gives_way_ = false;
        return at;
    }
    const unsigned cpu = io_activity::this_cpu();
    const duration served = io.served_on(cpu);
    ::sched_yield();
    const time_point back = now();
    giving_way_.yielded(back, back - at, io.served_on(cpu) - served);
    const auto gone = std::chrono::duration_cast<std::chrono::microseconds>(back - at);
    note(event_kind::give_way, this, "", static_cast<std::uint32_t>(gone.count()));
    return back;
}

}  // namespace twill::inline TWILL_ABI::detail
