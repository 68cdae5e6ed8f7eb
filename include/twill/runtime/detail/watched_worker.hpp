// A worker of the event pool as others see it: which thread drives it, and in which turn that is.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/core/time.hpp>
#include <twill/core/transfer.hpp>
#include <twill/runtime/detail/tenure.hpp>

#include <sys/types.h>

#include <cstdint>
#include <mutex>

namespace twill::inline TWILL_ABI::detail {

class watched_worker;

// Whether a task that suspends nowhere, because all that it asks for is there, may go on by the
// clock. It is looked at before the third operation of a turn, before the fifth, and then as seldom
// as the time that is left allows: a task whose operations are short pays for three looks in 128.
class turn_clock {
public:
    // After `done` operations of its turn. Called for each, beginning with 0.
    [[nodiscard]] bool allows(unsigned done) noexcept {
        if (done == 0) next_look_ = first_look;
        return done != next_look_ || look(done);
    }

private:
    static constexpr unsigned first_look = 2;
    static constexpr unsigned longest_gap = 64;
    static constexpr duration limit = std::chrono::microseconds(100);

    [[gnu::noinline]] bool look(unsigned done) noexcept;

    unsigned next_look_ = 0;
    time_point since_{};  // the first look
};

// A thread's place at a worker; lies on the stack of the thread, from when it begins to drive it.
struct event_seat {
    // By the thread itself. `home`: the event_worker or event_crew whose tasks it runs.
    event_seat(watched_worker& at, const void* whose, bool can_be_taken) noexcept;
    event_seat(const event_seat&) = delete;
    event_seat& operator=(const event_seat&) = delete;

    watched_worker& worker;
    const void* const home;
    tenure hold;
    std::uint64_t turns = 0;
    turn_clock clock;
    // Operations that a task may complete without suspending before the others have their turn.
    static constexpr unsigned budget_of_a_turn = 128;

    // For who watches.
    const pid_t thread;
    const clockid_t cpu_clock;
    const running_place& place;
};

class TWILL_API watched_worker {
public:
    watched_worker(const watched_worker&) = delete;
    watched_worker& operator=(const watched_worker&) = delete;

    // A region is about to begin on the driving thread.
    virtual void note_region() = 0;

    // ---- for who watches it; any thread

    // Calls `look(seat)` for the thread that drives it, unless there is none or it sleeps. The
    // thread stays there meanwhile.
    template <class Look>
    bool look_at_holder(const Look& look) {
        std::lock_guard hold(mounting_);
        if (holder_ == nullptr || awake_.load(std::memory_order_seq_cst) == 0) return false;
        look(*holder_);
        return true;
    }
    // How often it was woken up.
    [[nodiscard]] std::uint32_t wakes() const noexcept {
        return wakes_.load(std::memory_order_relaxed);
    }
    // Whether posts, timers or I/O wait for the driving thread to come back.
    [[nodiscard]] virtual bool somebody_waits() noexcept = 0;
    // Wants a holder in turn `turn` relieved. Under the lock that `look_at_holder` has. True:
    // somebody is to be asked to call `relieve`; false: somebody was, and has not begun, or nobody
    // need be.
    virtual bool want_relief(std::uint64_t turn) noexcept = 0;
    // Nobody could be asked.
    virtual void relief_refused() noexcept {}
    virtual void relieve() noexcept {}

protected:
    watched_worker() = default;
    ~watched_worker() = default;

    // By the driving thread, before it runs something for the first time after a sleep: sees to it
    // that there are ticks.
    void be_watched() noexcept;
    void mount(event_seat& seat) noexcept;
    // As `mount`, under the lock.
    void seat_holder(event_seat& seat) noexcept {
        seat.turns = first_turn_ += std::uint64_t{1} << 32U;
        holder_ = &seat;
    }
    void unmount() noexcept;

    bool asleep_ = true;  // nothing was run since the last time that it slept
    // 1: it runs tasks, or is about to; 0: it sleeps. Written by the driving thread; see
    // ticker::watch.
    atomic<std::uint32_t> awake_{0};
    atomic<std::uint32_t> wakes_{0};
    futex_mutex mounting_;
    event_seat* holder_ = nullptr;  // guarded by mounting_

private:
    // Of the next holder: no two have a turn of one number, for 65,536 holders. Who watches
    // compares `wakes` as well.
    std::uint64_t first_turn_ = 0;
};

}  // namespace twill::inline TWILL_ABI::detail
