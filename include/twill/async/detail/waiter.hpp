// Who waits, and where: the building block of everything in async/ that tasks and threads wait for.
//
// A *place* (a mutex, one end of a channel, ...) has a lock for a few instructions at a time, and a
// list of waiters, first come, first served. A *waiter* lies in the frame or on the stack of
// whoever waits: a task's operation, a blocked thread, a case of a select. Nothing here allocates.
//
// Three parties meet: the waiter, who comes and asks; a granter, who gives it what it waits for; a
// canceller. Of granter and canceller exactly one ends the wait:
//   1. `now_is` of a waiter changes under the lock of its place only:
//          fresh -> queued            it has to wait
//          queued -> granted          a granter took it out of the list
//          queued -> cut              a canceller did
//          fresh -> granted           it need not wait
//          fresh -> cut               the cancellation came first: it is never queued
//   2. Whoever takes it out of the list calls `wake`, once, when the lock is free again. Until then
//      the waiter stays, because it waits; after that neither waiter nor place is touched: who was
//      woken may destroy both.
//   3. So what was granted stays granted. A canceller that comes later finds the waiter out of the
//      list and does nothing: a result that is complete beats the cancellation. And what is granted
//      is never lost: it is given, under the lock, to somebody who will take it home.
// A waiter of a select has sisters at other places, whose locks are different. They share one word,
// `chosen`, and a granter that takes one of them out has to win it by a compare-and-swap before it
// gives anything: it goes on with the next waiter if it does not. See choosing.hpp.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/core/context.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/core/time.hpp>

#include <cassert>
#include <cstdint>

namespace twill::inline TWILL_ABI::detail {

struct waiter {
    enum class state : std::uint8_t { fresh, queued, granted, cut };
    using wake_function = void (*)(waiter&) noexcept;
    using choice = atomic<waiter*>;

    explicit constexpr waiter(wake_function how, choice* among = nullptr) noexcept
        : wake(how), chosen(among) {}
    waiter(const waiter&) = delete;
    waiter& operator=(const waiter&) = delete;

    const wake_function wake;
    choice* const chosen;  // shared by the waiters of a select; null: it stands for itself
    waiter* next = nullptr;
    waiter* previous = nullptr;
    union {
        std::uint64_t amount = 0;  // how much of something is wanted
        void* slot;                // where a value is, or goes
    };
    state now_is = state::fresh;

protected:
    ~waiter() = default;
};

// Waiters that were granted, to be woken when the lock is free.
class woken_waiters {
public:
    void push_back(waiter& one) noexcept {
        one.next = nullptr;
        (last_ != nullptr ? last_->next : first_) = &one;
        last_ = &one;
    }
    // Each may be gone as soon as it was woken.
    void wake_all() noexcept {
        while (first_ != nullptr) {
            waiter& one = *first_;
            first_ = one.next;
            one.wake(one);
        }
    }

private:
    waiter* first_ = nullptr;
    waiter* last_ = nullptr;
};

// First in, first out. Under the lock of its place.
class wait_list {
public:
#ifndef NDEBUG
    constexpr wait_list() noexcept = default;
    wait_list(const wait_list&) = delete;
    wait_list& operator=(const wait_list&) = delete;
    ~wait_list() {
        assert(empty() && "a mutex, channel or the like goes while somebody still waits at it");
    }
#endif

    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    [[nodiscard]] waiter& front() const noexcept { return *first_; }

    void push_back(waiter& one) noexcept {
        one.now_is = waiter::state::queued;
        one.next = nullptr;
        one.previous = last_;
        (last_ != nullptr ? last_->next : first_) = &one;
        last_ = &one;
    }

    // Takes the first one out to be granted. Null: it was chosen elsewhere meanwhile.
    waiter* claim_front() noexcept {
        waiter& one = *first_;
        unlink(one);
        one.now_is = waiter::state::granted;
        waiter* nobody = nullptr;
        // Relaxed: it is a vote. What the granter gives is seen by who is woken, and by nobody
        // else.
        const bool won = one.chosen == nullptr || one.chosen->compare_exchange_strong(
                                                      nobody, &one, std::memory_order_relaxed);
        return won ? &one : nullptr;
    }
    // The same for the first one that can be had; null: there is none.
    waiter* claim() noexcept {
        while (!empty())
            if (waiter* const one = claim_front()) return one;
        return nullptr;
    }

    // By a canceller. True: it waited, and is the canceller's to wake.
    [[nodiscard]] bool cut(waiter& one) noexcept {
        const bool waited = one.now_is == waiter::state::queued;
        if (waited) unlink(one);
        if (waited || one.now_is == waiter::state::fresh) one.now_is = waiter::state::cut;
        return waited;
    }

private:
    void unlink(waiter& one) noexcept {
        (one.previous != nullptr ? one.previous->next : first_) = one.next;
        (one.next != nullptr ? one.next->previous : last_) = one.previous;
    }

    waiter* first_ = nullptr;
    waiter* last_ = nullptr;
};

class TWILL_API wait_place {
public:
    wait_place(const wait_place&) = delete;
    wait_place& operator=(const wait_place&) = delete;

    // Both under `lock()`. Others who can go on because of it are added to `woken`.
    //
    // True: it has what it came for. False: it was queued.
    [[nodiscard]] virtual bool take_or_queue(waiter& one, woken_waiters& woken) noexcept = 0;
    // As wait_list::cut.
    [[nodiscard]] virtual bool cut(waiter& one, woken_waiters& woken) noexcept = 0;

    [[nodiscard]] futex_mutex& lock() const noexcept { return *lock_; }

protected:
    explicit constexpr wait_place(futex_mutex& lock) noexcept : lock_(&lock) {}
    ~wait_place() = default;

    // For who learnt without the lock that it need not wait: what it has seen may have been written
    // under the lock by somebody who is about to free it. Returns when that one has left the place,
    // which the caller may then destroy. What was seen must have been acquired: then the lock is
    // seen as held, or as freed since.
    void let_out() const noexcept {
        if (lock_->is_free()) return;
        lock_->lock();
        lock_->unlock();
    }

private:
    futex_mutex* lock_;
};

// A place that can be a case of a select: asking and queueing are two steps there.
class TWILL_API two_phase_place : public wait_place {
public:
    // Under `lock()`, as the rest. True: it has what it came for. False: nothing was changed.
    [[nodiscard]] virtual bool take(waiter& one, woken_waiters& woken) noexcept = 0;
    // After `take` said no, without freeing the lock: queues it, and does not look for others that
    // it could be matched with, because its own sisters may be among them. True: what is given
    // without the lock has come meanwhile; it has what it came for, and was not queued.
    [[nodiscard]] virtual bool queue(waiter& one) noexcept = 0;

    [[nodiscard]] bool take_or_queue(waiter& one, woken_waiters& woken) noexcept override {
        return take(one, woken) || queue(one);
    }

protected:
    using wait_place::wait_place;
    ~two_phase_place() = default;
};

// Takes what is there for the asking. False: nothing is.
TWILL_API bool take_now(two_phase_place& at, waiter& who) noexcept;

// A task's wait at one place.
class TWILL_API place_wait : public operation, public waiter {
public:
    [[nodiscard]] bool waits_for_others() const noexcept final { return true; }

protected:
    place_wait(const char* what, wait_place& at) noexcept
        : operation(what), waiter(&place_wait::end), at_(&at) {}
    ~place_wait() = default;

    // Throws `cancelled` if it was cut short, or could not begin.
    void throw_if_cut() const {
        throw_if_refused();
        if (now_is == state::cut) throw cancelled();
    }

    // What `await_suspend` does where `try_now()` may make the wait superfluous.
    template <class Promise, class Try>
    bool begin_unless(std::coroutine_handle<Promise> self, Try try_now) noexcept {
        context& owner = self.promise().current_context();
        if (owner.cancel_requested() || !try_now()) return begin(self, owner);
        return begin_complete(self, owner);
    }

private:
    bool start() noexcept final;
    void cancel() noexcept final;
    static void end(waiter& self) noexcept { static_cast<place_wait&>(self).complete(); }

    wait_place* at_;
};

// A thread that blocks until another one says so. States: 0 awake, 1 it was said, 2 it sleeps.
class TWILL_API sleeper {
public:
    // Returns true once `wake` was called; false, if it was not until `until`. Again and again, but
    // not after it gave true.
    bool sleep(time_point until = never) noexcept;
    // Once. The sleeper may be gone when it returns.
    void wake() noexcept;

private:
    atomic<std::uint32_t> state_{0};
};

// A thread's wait at one place.
class TWILL_API thread_waiter final : public waiter {
public:
    thread_waiter() noexcept : waiter(&thread_waiter::end) {}
    // Before anything that may block. Throws usage_error on an event thread; `instead`: what to
    // write there ("co_await lock()").
    static void refuse_on_event_thread(const char* instead);

    // Returns when it has what it came for; meanwhile the thread blocks. False: it had not until
    // `until`, and has taken nothing.
    bool wait_at(wait_place& at, time_point until = never) noexcept;
    // The same once it is queued there.
    bool block(wait_place& at, time_point until = never) noexcept;

private:
    static void end(waiter& self) noexcept;

    sleeper self_;
};

// What `co_await` waits for at a place that gives nothing but leave to go on, and has `try_wait()`.
template <class Place>
class plain_wait final : public place_wait {
public:
    plain_wait(const char* what, Place& at) noexcept : place_wait(what, at), place_(&at) {}
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
        return begin_unless(self, [this] { return place_->try_wait(); });
    }
    void await_resume() const { throw_if_cut(); }

private:
    Place* place_;
};

template <class Place>
struct [[nodiscard("it waits when it is awaited")]] waiting {
    const char* what;
    Place* at;
    plain_wait<Place> operator co_await() const noexcept { return plain_wait<Place>(what, *at); }

    // As a case of a select.
    struct parcel {};
    [[nodiscard]] two_phase_place& place() const noexcept { return *at; }
    void prepare(waiter& /*who*/, parcel& /*with*/) const noexcept {}
    void result(parcel& /*from*/) const noexcept {}
};

}  // namespace twill::inline TWILL_ABI::detail
