// What tasks need from the runtime that runs them, as interfaces: a place to become ready again,
// and timers. The runtime implements them; a simulated world can too.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/runnable.hpp>
#include <twill/core/time.hpp>

#include <cstdint>

namespace twill::inline TWILL_ABI {

class reactor;

// A point in time at which something happens, part of whatever waits for it. The fields below
// `deadline` belong to the timer queue and are guarded by its lock.
struct timer {
    using fire_function = void (*)(timer&) noexcept;

    explicit constexpr timer(fire_function what) noexcept : fire(what) {}
    timer(const timer&) = delete;
    timer& operator=(const timer&) = delete;

    // `fire` is called once, on an event thread, outside of all locks, when `deadline` has passed.
    fire_function fire;
    time_point deadline{};

    enum class state : std::uint8_t { idle, pending, fired, refused };
    timer* next = nullptr;
    timer* previous = nullptr;
    // Last, so that a derived class has room behind them.
    state now_is = state::idle;
    std::uint8_t level = 0;
    std::uint8_t slot = 0;

protected:
    ~timer() = default;
};

class executor {
public:
    // Queues `work` for an event thread; `work.run` is called there once. Any thread; never
    // allocates, never runs it on the spot.
    virtual void post(runnable& work) noexcept = 0;

    // Makes `what` pending until `what.deadline`. Returns false, and `fire` is never called, when
    // disarm came first. Any thread.
    virtual bool arm(timer& what) noexcept = 0;

    // True: `fire` has not been called and never will be. False: it has been, is being or is about
    // to be. Any thread; at most one call of it for each arm.
    virtual bool disarm(timer& what) noexcept = 0;

    // Whether the running task may go on after an operation that completed without a suspension.
    // False once its turn has used up its budget: it queues itself behind the others then. On an
    // event thread.
    virtual bool may_continue() noexcept = 0;

    // Whether the calling thread may go on with another task than the one that it runs, or, if it
    // fires a timer, with any. False where this executor's tasks do not run: on a thread that they
    // were taken from, since it held them up; on that of the timers, if it is another one.
    virtual bool may_resume() noexcept = 0;

    // Where the descriptors of this runtime's tasks are watched.
    virtual reactor& io() noexcept = 0;

    // The runtime's, whose pools its tasks use: itself, but for one that only borrows them.
    virtual executor& pools() noexcept { return *this; }

protected:
    ~executor() = default;
};

}  // namespace twill::inline TWILL_ABI
