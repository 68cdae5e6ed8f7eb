// What runs tasks: a queue of ready ones, the timers, and the turn at the reactor. A worker is not
// its thread: a thread mounts it and drives it, and nothing in it belongs to a particular thread.
//
// Ready work that comes from the driving thread goes into `local_`, without atomics. Work from
// other threads goes onto `injected_`, a stack that is taken whole and turned round.
//
// Parking. The question is whether a post from another thread can be missed by a worker that is
// going to sleep in the reactor. The worker announces it, then looks; the poster pushes, then
// looks:
//     worker: parked_ = true;  if (injected_ is empty) poll(until the next timer);  parked_ = false
//     poster: push to injected_;  if (parked_) { parked_ = false; wake the reactor }
// All four accesses are sequentially consistent, so in their single total order either the worker's
// look comes after the push and sees it, or the poster's look comes after the announcement and
// wakes. The wake is remembered by the reactor, so it may come before the poll begins. Timers that
// are armed by another thread do the same around the wheel's lock.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/core/executor.hpp>
#include <twill/core/reactor.hpp>
#include <twill/core/runnable.hpp>
#include <twill/runtime/detail/io_activity.hpp>
#include <twill/runtime/detail/timer_wheel.hpp>

#include <functional>

namespace twill::inline TWILL_ABI::detail {

class TWILL_API event_worker {
public:
    // `on_region` is called the first time that a region of parallel work is begun on the thread
    // that drives the worker, if anybody watches for that.
    explicit event_worker(reactor& io, std::function<void()> on_region = {}) noexcept;
    event_worker(const event_worker&) = delete;
    event_worker& operator=(const event_worker&) = delete;

    // The worker that the calling thread drives, or null.
    static event_worker* of_this_thread() noexcept;

    // Queues work behind what is ready. Any thread.
    void post(runnable& work) noexcept;

    // As executor::arm and executor::disarm. Any thread.
    bool arm(timer& what) noexcept;
    bool disarm(timer& what) noexcept { return timers_.disarm(what); }

    // As executor::may_continue. On the driving thread.
    bool may_continue() noexcept { return budget_ == 0 ? false : (--budget_, true); }

    // A region is about to begin on the driving thread.
    void note_region();

    // What others may know of its turns at the reactor.
    [[nodiscard]] io_activity& activity() noexcept { return activity_; }

    // Mounts the worker on the calling thread, which must drive no other, and runs ready work,
    // timers and I/O until `done` is set by one of them.
    void drive(const bool& done) noexcept;

private:
    // Pieces of work between two looks at timers, reactor and injected work.
    static constexpr unsigned turn_length = 61;
    // Operations that a task may complete without suspending before the others have their turn.
    static constexpr unsigned budget_of_a_turn = 128;

    void run_ready(const bool& done) noexcept;
    void take_injected() noexcept;
    void fire_timers() noexcept;
    void park() noexcept;
    void poll(duration limit) noexcept;
    void wake_if_parked() noexcept;

    const unsigned born_in_;  // generation of forks: see fork_guard.hpp
    std::function<void()> on_region_;
    runnable_queue local_;
    unsigned budget_ = 0;
    reactor& io_;
    timer_wheel timers_;
    io_activity activity_;
    alignas(64) atomic<runnable*> injected_{nullptr};
    atomic<bool> parked_{false};
};

}  // namespace twill::inline TWILL_ABI::detail
