#include "event_seat.hpp"
#include "fork_guard.hpp"
#include "reactor_turn.hpp"

#include <twill/core/frame_memory.hpp>
#include <twill/runtime/detail/event_worker.hpp>

#include <sys/single_threaded.h>

#include <utility>

namespace twill::inline TWILL_ABI::detail {

event_worker::event_worker(reactor& io, event_worker_options options) noexcept
    : born_in_(fork_generation()),
      on_region_(std::move(options.on_region)),
      on_stall_(std::move(options.on_stall)),
      stall_limit_(options.stall_limit),
      watch_limit_(options.watch_limit),
      can_be_taken_(options.can_be_taken),
      short_slice_(options.short_slice),
      io_(io),
      timers_(now(), options.timer_coalescing) {
    if (can_be_taken_) asymmetric_barrier::prepare();
}

bool event_worker::on_this_thread() noexcept { return seated != nullptr; }

void event_worker::note_region() {
    if (on_region_ && !region_noted_.exchange(true, std::memory_order_relaxed)) on_region_();
}

bool event_worker::post_here(runnable& work) noexcept {
    event_seat* const seat = seated;
    if (seat == nullptr || seat->home != this) return false;
    if (seat->hold.can_be_taken()) {
        post_from_seat(*seat, work);
    } else {
        seat->hold.note_others();
        local_.push_back(work);
    }
    return true;
}

void event_worker::post_from_seat(event_seat& seat, runnable& work) noexcept {
    if (!seat.hold.is_outside()) return local_.push_back(work);
    const bool ours = seat.hold.come_in();
    if (ours) local_.push_back(work);
    seat.hold.note_others();
    seat.hold.go_out();
    if (!ours) inject(work);
}

void event_worker::inject(runnable& work) noexcept {
    injected_.push(work);
    wake_if_asleep();
}

bool event_worker::arm(timer& what) noexcept {
    const auto how = timers_.arm(what);
    // Whoever loses the worker after this look has armed the timer before the next holder asks for
    // the first: the wheel's lock orders the two.
    const bool ours = seated != nullptr && seated->home == this && !seated->hold.is_lost();
    if (how == timer_wheel::armed::earliest && !ours) wake_if_asleep();
    return how != timer_wheel::armed::refused;
}

bool event_worker::may_continue() noexcept {
    event_seat& seat = *seated;
    return !seat.hold.is_lost() && (seat.hold.spend() || may_go_further(seat));
}

bool event_worker::may_go_further(event_seat& seat) noexcept {
    const unsigned part = seat.budget.next_part(seat.hold.turn());
    if (part == 0) return false;
    seat.hold.grant(part - 1);
    return true;
}

bool event_worker::may_resume() noexcept { return seated == nullptr || !seated->hold.is_lost(); }

bool event_worker::somebody_waits() noexcept {
    return injected_.any() || timers_.any_due(now()) || io_.ready();
}

bool event_worker::turn_until_done(event_seat& seat) noexcept {
    time_point since = now();
    busy_.begin(since);
    while (!over() && !wanted_back_.load(std::memory_order_seq_cst)) {
        end_if_forked(born_in_, forked_after::runtime);
        if (!run_ready(seat)) return false;
        if (over()) break;
        if (!injected_.seems_empty()) static_cast<void>(injected_.take_all(local_));
        const time_point at = now();
        note_length(at - since);
        activity_.ran(at - since);
        since = at;
        const std::uint64_t turns = seat.turns;
        if (!fire_timers(seat, at)) return false;
        if (over()) break;
        if (!local_.empty()) {
            poll(duration::zero());
        } else {
            busy_.end(seat.turns == turns ? at : now());
            parks_.add();
            park();
            since = now();
            busy_.begin(since);
        }
    }
    busy_.end(now());
    return true;
}

inline bool event_worker::come_in(event_seat& seat) noexcept {
    return !seat.hold.can_be_taken() || seat.hold.come_in();
}

// Before the first task after a sleep. A program without any other thread is not given that of the
// ticker before it has held up its tasks once: a second thread makes each allocation and each
// shared_ptr dearer.
void event_worker::wake_up() noexcept {
    asleep_ = false;
    stall_noted_ = false;
    if (watch_limit_ == duration::zero() || (__libc_single_threaded && !held_up_ && !can_be_taken_))
        return;
    be_watched();
}

void event_worker::note_length(duration of_turn) noexcept {
    if (of_turn <= watch_limit_ || held_up_) return;
    held_up_ = true;
    asleep_ = true;  // for `wake_up` to be called again
}

bool event_worker::run_ready(event_seat& seat) noexcept {
    std::uint64_t turn = seat.turns;
    seat.turns += turn_length;
    const std::uint64_t first = turn;
    for (const std::uint64_t last = turn + turn_length; turn != last && !over();) {
        runnable* work = local_.pop_front();
        if (work == nullptr) break;
        if (asleep_) [[unlikely]]
            wake_up();
        seat.hold.begin_turn(++turn, turn_budget::first_part, !local_.empty());
        work->run(*work);
        if (!come_in(seat)) [[unlikely]]
            return false;
    }
    if (turn != first) tasks_run_.add(turn - first);
    return true;
}

// They may run tasks too: the last branch of a group can be a timer. Another holder may have left
// some.
bool event_worker::fire_timers(event_seat& seat, time_point at) noexcept {
    for (bool asked = false;;) {
        if (due_ == nullptr) {
            if (std::exchange(asked, true)) return true;
            due_ = timers_.expire(at);
            continue;
        }
        timer& one = *due_;
        due_ = one.next;
        if (asleep_) [[unlikely]]
            wake_up();
        note_running({});  // no task, until it resumes one
        seat.hold.begin_turn(++seat.turns, turn_budget::first_part,
                             due_ != nullptr || !local_.empty());
        one.fire(one);
        if (!come_in(seat)) [[unlikely]]
            return false;
    }
}

void event_worker::park() noexcept {
    tidy_frames();
    asleep_ = true;
    awake_.store(0, std::memory_order_relaxed);
    injected_.begin_sleep();
    if (!injected_.any() && !over() && !wanted_back_.load(std::memory_order_seq_cst)) {
        const time_point next = timers_.next();
        if (next == never) {
            sleep_without_timers();
        } else {
            const duration left = next - now();
            poll(left > duration::zero() ? left : duration::zero());
        }
    }
    static_cast<void>(injected_.end_sleep());
}

// Whether it has come to a standstill is for `on_stall` to find out. A signal may end a sleep
// early.
void event_worker::sleep_without_timers() noexcept {
    if (!on_stall_ || stall_noted_) {
        poll(duration::max());
        return;
    }
    const time_point limit = after(now(), stall_limit_);
    if (poll(stall_limit_) != 0 || !injected_.still_sleeps() || now() < limit) return;
    stall_noted_ = true;
    if (on_stall_() && stall_limit_ <= duration::max() / 2) stall_limit_ *= 2;
}

std::size_t event_worker::poll(duration limit) noexcept {
    return turn_at_reactor(io_, activity_, this, limit);
}

}  // namespace twill::inline TWILL_ABI::detail
