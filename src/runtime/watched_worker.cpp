#include "event_seat.hpp"

#include <twill/runtime/detail/compute_context.hpp>
#include <twill/runtime/detail/ticker.hpp>
#include <twill/runtime/detail/watched_worker.hpp>

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace twill::inline TWILL_ABI::detail {

TWILL_INITIAL_EXEC constinit TWILL_THREAD_LOCAL event_seat* seated = nullptr;

namespace {

clockid_t cpu_clock_of_this_thread() noexcept {
    clockid_t clock = CLOCK_THREAD_CPUTIME_ID;
    ::pthread_getcpuclockid(::pthread_self(), &clock);
    return clock;
}

}  // namespace

event_seat::event_seat(watched_worker& at, const void* whose, bool can_be_taken) noexcept
    : worker(at),
      home(whose),
      hold(can_be_taken),
      thread(::gettid()),
      cpu_clock(cpu_clock_of_this_thread()),
      place(running) {}

unsigned turn_budget::next_part(std::uint64_t turn) noexcept {
    const time_point at = now();
    const duration took = at - std::exchange(looked_, at);
    if (turn != turn_) {
        turn_ = turn;
        spent_ = duration::zero();
        part_ = granted_ = first_part;
        if (took >= limit) {
            // By whom is not known: the time counts from here.
            granted_ += first_part;
            return first_part;
        }
    }
    spent_ += took;
    if (spent_ >= limit || granted_ >= most) return 0;
    // At the pace so far so many more fit in. The next look is half way there.
    const auto fit = (limit - spent_).count() * part_ / std::max(took.count(), 1L);
    part_ = static_cast<unsigned>(std::clamp(fit / 2, 1L, static_cast<long>(most - granted_)));
    granted_ += part_;
    return part_;
}

void report_if_on_event_thread() noexcept {
    if (seated != nullptr) seated->worker.note_region();
}

void watched_worker::be_watched() noexcept {
    asleep_ = false;
    wakes_.store(wakes_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    // Release: whoever sees it sees the count. The turn that a watcher finds is that of before the
    // sleep until the next begins, and by the count it can tell.
    awake_.store(1, std::memory_order_release);
    ticker::process().watch(awake_);
}

void watched_worker::mount(event_seat& seat) noexcept {
    std::lock_guard hold(mounting_);
    seat_holder(seat);
}

void watched_worker::unmount() noexcept {
    std::lock_guard hold(mounting_);
    holder_ = nullptr;
    awake_.store(0, std::memory_order_relaxed);
    asleep_ = true;
}

}  // namespace twill::inline TWILL_ABI::detail
