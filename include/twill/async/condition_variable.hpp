// condition_variable: waits, under a mutex, until somebody has made a condition true.
//
//     auto hold = co_await m.lock();
//     co_await changed.wait(hold, [&] { return !queue.empty(); });
//     take(queue.front());                                  // the mutex is held
//
// As std::condition_variable, awaitable. Who is notified goes to the end of the mutex's own queue
// at once, without running in between (as FreeBSD and Go's runtime do it); a thread runs, and asks
// for the mutex itself. First come, first served; no spurious wake-ups. For tasks on any event
// thread, plain threads and functions on the compute pool. A channel often says the same in less.
#pragma once

#include <twill/async/detail/permits.hpp>
#include <twill/async/mutex.hpp>
#include <twill/core/config.hpp>
#include <twill/core/task.hpp>
#include <twill/core/time.hpp>

#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

class TWILL_API condition final : public wait_place {
public:
    constexpr condition() noexcept : wait_place(lock_) {}
    void notify(bool all) noexcept;
    bool take_or_queue(waiter& who, woken_waiters& woken) noexcept override;
    bool cut(waiter& who, woken_waiters& woken) noexcept override;

private:
    futex_mutex lock_;
    wait_list waiting_;
};

// Two waits in a row: for the notification, then for the mutex. A cancellation ends the first; the
// second is short, and must come to its end, because the guard says that the mutex is held.
class TWILL_API condition_wait final : public operation, public waiter {
public:
    condition_wait(condition& at, const held_permits& held) noexcept
        : operation("wait for a condition"),
          waiter(&condition_wait::notified),
          at_(&at),
          from_(held.from()),
          again_(*this, held.count()) {}
    [[nodiscard]] bool waits_for_others() const noexcept override { return true; }
    void await_resume() const {
        throw_if_refused();
        if (now_is == state::cut) throw cancelled();
    }

private:
    struct relock final : waiter {
        relock(condition_wait& by, std::uint64_t n) noexcept
            : waiter(&condition_wait::locked), self(&by) {
            amount = n;
        }
        condition_wait* self;
    };

    bool start() noexcept override;
    void cancel() noexcept override;
    void lock_again() noexcept;
    static void notified(waiter& self) noexcept;
    static void locked(waiter& again) noexcept;

    condition* at_;
    permits* from_;
    relock again_;
};

struct [[nodiscard("it waits when it is awaited")]] conditional {
    condition* at;
    const held_permits* held;
    condition_wait operator co_await() const noexcept { return {*at, *held}; }
};

}  // namespace detail

class TWILL_API condition_variable {
public:
    constexpr condition_variable() noexcept = default;

    // `co_await wait(guard)` frees the mutex, suspends until it is notified, and has the mutex
    // again when it goes on, however it does. `guard` (of a mutex or shared_mutex) must live so
    // long, and so must the mutex. Cancelled at once, or as soon as the mutex is free: then it
    // throws `cancelled`; a notification that came before is kept. Throws usage_error when the
    // guard holds nothing.
    [[nodiscard]] detail::conditional wait(mutex_guard& guard);
    // The same until `holds()`, which is called with the mutex held, is true.
    template <class Predicate>
    [[nodiscard]] task<> wait(mutex_guard& guard, Predicate holds) {
        refuse_empty(guard);
        while (!holds()) co_await wait(guard);
    }
    // These block the calling thread. Throw usage_error on an event thread.
    void wait_blocking(mutex_guard& guard) { static_cast<void>(wait_blocking_until(guard, never)); }
    template <class Predicate>
    void wait_blocking(mutex_guard& guard, Predicate holds) {
        refuse_empty(guard);
        while (!holds()) wait_blocking(guard);
    }
    // With a limit in time, after which the mutex is waited for all the same. False: it was not
    // notified by then, or does not hold by then; a notification that came in time is not lost.
    [[nodiscard]] bool wait_blocking_until(mutex_guard& guard, time_point deadline);
    template <class Predicate>
    [[nodiscard]] bool wait_blocking_until(mutex_guard& guard, time_point deadline,
                                           Predicate holds) {
        refuse_empty(guard);
        while (!holds())
            if (!wait_blocking_until(guard, deadline)) return holds();
        return true;
    }
    [[nodiscard]] bool wait_blocking_for(mutex_guard& guard, duration length) {
        return wait_blocking_until(guard, after(now(), length));
    }
    template <class Predicate>
    [[nodiscard]] bool wait_blocking_for(mutex_guard& guard, duration length, Predicate holds) {
        return wait_blocking_until(guard, after(now(), length), std::move(holds));
    }

    // Any thread, with or without the mutex.
    void notify_one() noexcept { condition_.notify(false); }
    void notify_all() noexcept { condition_.notify(true); }

private:
    static void refuse_empty(const mutex_guard& guard);

    detail::condition condition_;
};

}  // namespace twill::inline TWILL_ABI
