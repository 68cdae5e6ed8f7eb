// One wait at several places, of which exactly one gives something: what a select is made of.
//
// The cases of a select are waiters at their places, sisters that share the word `chosen`. Who
// changes it ends the wait: a granter, for the waiter that it took out of its list; a canceller; a
// timer. States of `chosen`:
//     &not_yet     it does not wait yet: no granter can see it
//     null         it waits: each case is in the list of its place
//     a waiter     that one was granted, or is the one whose time has come
//     &cut_short   it was cancelled
// The steps of a wait:
//   1. Each case is tried by itself, in random order. Most selects end here.
//   2. The locks of all places are taken, in the order of their addresses, each once (the arms are
//      put into that order). Now nothing
//      can be given or taken but what needs no lock (permits that come back: see `queue`).
//   3. Each is asked again, and if none has anything, each is queued, the timer is armed, and
//      `chosen` goes from &not_yet to null by a compare-and-swap. If that fails, a canceller or the
//      timer was quicker: the cases are taken out again.
//   4. The locks are freed. After the last of them the select may be gone.
//   5. Whoever changes `chosen` from null to something else wakes the waiter, who takes what is
//      still queued out of its place. Until then others find it there, lose the vote, and go on
//      with the next in the list.
// Why it is right:
//   - Nothing is taken but by one case: before 3 is over no granter sees any case, and the only one
//      who takes is the select itself, once; after it, a granter gives only after it has won the
//      compare-and-swap, which one does.
//   - No value is lost: what a granter gives, it gives under the lock of the place to the case that
//      won, and a result that is there beats a cancellation that comes later.
//   - No wake-up is lost: while the locks are held nothing can become ready unseen, and after them
//      every case is queued. A granter that loses the vote has given nothing and goes on.
//   - Two selects do not wait for each other, or dodge each other: a select that takes from another
//      one is not queued anywhere itself, so nobody can choose it meanwhile, and it needs no vote
//      of its own. (Selects that vote for both sides at once, as those of Concurrent ML do on
//      several processors, have to back off and try again.)
//   - The locks are in one order, and nothing else is waited for under them.
#pragma once

#include <twill/async/detail/waiter.hpp>
#include <twill/core/config.hpp>
#include <twill/core/context.hpp>
#include <twill/core/executor.hpp>
#include <twill/core/time.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <span>

namespace twill::inline TWILL_ABI::detail {

class choosing;

class select_arm : public waiter {
public:
    // At a place, or, where that is null, for a point in time.
    TWILL_API select_arm(choosing& by, two_phase_place* at) noexcept;

private:
    friend class choosing;
    static void woken(waiter& self) noexcept;

    choosing* const by_;
    two_phase_place* const at_;

protected:
    ~select_arm() = default;
    time_point deadline_ = never;
};

class TWILL_API choosing {
public:
    // Without memory of the caller's.
    static constexpr std::size_t most = 64;

    choosing(const choosing&) = delete;
    choosing& operator=(const choosing&) = delete;

    // Which one it became; null: none.
    [[nodiscard]] const waiter* chosen() const noexcept;

protected:
    choosing() noexcept;
    ~choosing() = default;

    // Before the rest. The arrays stay the caller's; the first may be put into another order. Of
    // more than `most` arms, `order` has as many elements.
    void use(std::span<select_arm*> arms, std::uint16_t* order = nullptr) noexcept;

    // Step 1. True: one was chosen, and nothing is queued.
    bool try_each() noexcept;
    // Steps 2 to 4. True: one was chosen, or it was cut short, and nothing is queued; `ended` is
    // not called. False: it waits, or waited, and may be gone.
    bool queue_all() noexcept;
    // Step 5, once it was woken.
    void take_out() noexcept;

    // Of the arm with the earliest deadline; null: there is none.
    [[nodiscard]] select_arm* next_in_time() const noexcept { return next_in_time_; }
    static time_point deadline_of(const select_arm& one) noexcept { return one.deadline_; }

    // To change `chosen`; `too_late`: another one has. `early`: it does not wait yet, and will find
    // that it was chosen by itself.
    enum class vote : std::uint8_t { won, early, too_late };
    vote choose(waiter& what) noexcept;
    static waiter& cut_short() noexcept;

private:
    friend class select_arm;

    // The wait is over, by a granter; on its thread, without locks.
    virtual void ended() noexcept = 0;
    // Under the locks: `choose` will be called for `next_in_time()` in its time.
    virtual void arm() noexcept = 0;

    // Under the locks.
    select_arm* take_or_queue(woken_waiters& woken) noexcept;
    void unqueue(woken_waiters& woken) noexcept;

    // The locks of all places, in one order, each once.
    void lock_all() noexcept;
    void unlock_all() noexcept;
    static futex_mutex* lock_of(const select_arm& one) noexcept;
    [[nodiscard]] std::size_t next_lock(std::size_t from) const noexcept;

    std::span<select_arm*> arms_;
    std::uint16_t* order_ = nullptr;
    select_arm* next_in_time_ = nullptr;
    bool queued_ = false;
    waiter::choice chosen_;
};

// A task's.
//
// Its timer, once armed, is disarmed or fires, and what fires must find it. So it has ended only
// when it was chosen *and* the timer is out of the way: whoever wins the vote disarms it; if that
// comes too late, the later one of the winner and the timer completes it.
class TWILL_API choosing_task : public operation, public choosing, private timer {
public:
    [[nodiscard]] bool waits_for_others() const noexcept final { return true; }

protected:
    choosing_task() noexcept : operation("select"), timer(&choosing_task::expired) {}
    ~choosing_task() = default;

    // Throws `cancelled` if it was cut short, or could not begin.
    void conclude();

private:
    bool start() noexcept override;
    void cancel() noexcept override;
    void ended() noexcept override;
    void arm() noexcept override;
    static void expired(timer& self) noexcept;
    // True: for the later one of the winner and the timer.
    bool both_passed() noexcept { return passed_.exchange(true, std::memory_order_acq_rel); }
    // By who ended the wait. True: the timer is out of the way. False: it will call `complete`.
    bool timer_is_out() noexcept;

    bool armed_ = false;
    atomic<bool> passed_{false};
};

// A thread's.
class TWILL_API choosing_thread : public choosing {
protected:
    ~choosing_thread() = default;

    // Blocks the thread until one was chosen.
    void wait() noexcept;

private:
    void ended() noexcept override { self_.wake(); }
    void arm() noexcept override {}

    sleeper self_;
};

// An order in which to ask `order.size()` cases; each is as likely as any other. (A door: models
// put their own behind it.)
TWILL_API void draw_order(std::span<std::uint16_t> order) noexcept;

}  // namespace twill::inline TWILL_ABI::detail
