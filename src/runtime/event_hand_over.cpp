// Who drives an event worker, and how it changes hands.
//
// The thread that called `run` (the host) drives the worker; a substitute takes it over when the
// holder does not come back.
//   1. The watchdog finds a suspect and asks a spare thread to call `relieve`. Until that has taken
//      the worker, by the tenure's compare-and-swap, the worker keeps its holder: a thread that
//      cannot be had, or comes too late, leaves all as it was.
//   2. A holder that comes back and finds the worker lost leaves it alone. A substitute goes home;
//      the host says that it wants the worker back (`wanted_back_`), wakes whoever holds it, and
//      waits. It says so before it looks whether the worker sleeps, and who goes to sleep looks
//      after it said that it would, so one of the two sees the other.
//   3. A substitute that sees that wish, or that all is done, puts the worker down and wakes the
//      host, by `passed_on_`; the host drives it, or returns.
// So the host returns when all is done and nobody holds the worker. Threads that lost it may still
// be on their way out; they touch nothing of a run any more, only this object, which outlives them:
// the pool that they come from is joined before it goes.
#include "event_seat.hpp"
#include "fork_guard.hpp"
#include "signal_mask.hpp"
#include "thread_slice.hpp"

#include <twill/core/event.hpp>
#include <twill/runtime/detail/event_worker.hpp>

#include <mutex>
#include <utility>

namespace twill::inline TWILL_ABI::detail {

void event_worker::drive(const atomic<bool>& done) noexcept {
    done_ = &done;
    if (can_be_taken_) signals_of_host_ = signals_blocked_here();
    const short_slice soon(short_slice_);
    bool ours = true;
    do {
        event_seat seat(*this, this, can_be_taken_);
        seated = &seat;
        mount(seat);
        ours = turn_until_done(seat);
        if (ours) {
            fire_the_rest();
            unmount();
        } else {
            strays_.fetch_sub(1, std::memory_order_seq_cst);
            end_if_forked(born_in_, forked_after::runtime);
            wanted_back_.store(true, std::memory_order_seq_cst);
            wake_if_asleep();
            // Acquire pairs with the release in `pass_on`.
            passed_on_.wait(0, std::memory_order_acquire);
            wanted_back_.store(false, std::memory_order_relaxed);
            passed_on_.store(0, std::memory_order_relaxed);
        }
        seated = nullptr;
    } while (!ours);
}

// When all is done: no timer of a task is left, but perhaps one that whoever calls `drive` is about
// to take back.
void event_worker::fire_the_rest() noexcept {
    while (due_ != nullptr) {
        timer& one = *due_;
        due_ = one.next;
        one.fire(one);
    }
}

void event_worker::end() noexcept {
    if (seated != nullptr && seated->home == this && !seated->hold.is_lost()) return;
    wake_if_asleep();
}

bool event_worker::want_relief(std::uint64_t turn) noexcept {
    if (!can_be_taken_) return false;
    // Somebody who was asked before for another turn, and is not there yet, can do this.
    relief_of_ = turn;
    return !std::exchange(relief_wanted_, true);
}

void event_worker::relief_refused() noexcept {
    std::lock_guard hold(mounting_);
    relief_wanted_ = false;
}

// It fails when the holder comes in just then, which it does for each post: so a few times.
bool event_worker::take_from_holder() noexcept {
    for (int i = 0; i != attempts_to_take; ++i) {
        if (holder_ == nullptr || holder_->hold.look().turn != relief_of_) return false;
        // Before it can be lost: whoever loses it counts down.
        strays_.fetch_add(1, std::memory_order_seq_cst);
        if (holder_->hold.take()) return true;
        strays_.fetch_sub(1, std::memory_order_seq_cst);
    }
    return false;
}

void event_worker::relieve() noexcept {
    event_seat seat(*this, this, true);
    {
        std::lock_guard hold(mounting_);
        relief_wanted_ = false;
        if (!take_from_holder()) return;
        seat_holder(seat);
    }
    const blocked_signals as_host(signals_of_host_);
    const short_slice soon(short_slice_);
    hand_overs_.fetch_add(1, std::memory_order_relaxed);
    note(event_kind::hand_over, this);
    seated = &seat;
    if (turn_until_done(seat)) {
        pass_on();
    } else {
        strays_.fetch_sub(1, std::memory_order_seq_cst);
        end_if_forked(born_in_, forked_after::runtime);
    }
    seated = nullptr;
}

// The host waits for it, or will.
void event_worker::pass_on() noexcept {
    unmount();
    passed_on_.store(1, std::memory_order_release);
    passed_on_.notify_one();
}

event_worker::visit::visit(event_worker& to) noexcept {
    event_seat* const seat = seated;
    if (seat == nullptr || seat->home != &to) return;
    if (!seat->hold.can_be_taken()) {
        alone_ = true;
    } else if (!seat->hold.is_outside()) {
        alone_ = to.strays_.load(std::memory_order_seq_cst) == 0;
    } else if (seat->hold.come_in()) {
        seat_ = seat;
        alone_ = to.strays_.load(std::memory_order_seq_cst) == 0;
    } else {
        seat->hold.go_out();
    }
}

event_worker::visit::~visit() {
    if (seat_ != nullptr) seat_->hold.go_out();
}

}  // namespace twill::inline TWILL_ABI::detail
