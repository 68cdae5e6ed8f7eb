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

// What a task that suspends nowhere, because all that it asks for is there, may go on with: so many
// operations, and about so long by the clock. It gets them in parts. When the first is spent the
// turn has lasted no longer than since the last look at the clock, whoever's turn that was in; so
// tasks whose operations are short pay for one look in a turn.
class turn_budget {
public:
    static constexpr unsigned first_part = 4;

    // How many further operations the task of turn `turn` gets, which has spent all; 0: none.
    [[nodiscard]] unsigned next_part(std::uint64_t turn) noexcept;

private:
    static constexpr unsigned most = 128;
    static constexpr duration limit = std::chrono::microseconds(100);

    time_point looked_{};
    std::uint64_t turn_ = 0;  // the fields below are of this one
    duration spent_{};        // at the most, but for a first part that took long
    unsigned part_ = 0;       // since the last look
    unsigned granted_ = 0;
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
    turn_budget budget;

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
    // Whether it is in no sleep, as far as is known: relaxed, as its own stores are.
    [[nodiscard]] bool is_awake() const noexcept {
        return awake_.load(std::memory_order_relaxed) != 0;
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
