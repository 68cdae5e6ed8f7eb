// mutex: one at a time, also across suspensions.
//
//     twill::mutex writing;
//     auto hold = co_await writing.lock();
//     co_await file.write(header);
//     co_await file.write(body);          // nobody else's lines in between
//                                         // freed at the end of the block
//
// For tasks on any event thread, plain threads and functions on the compute pool (`lock_blocking`).
// First come, first served: it is handed to who has waited longest, and nobody overtakes. Free, it
// takes one compare-and-swap to lock and one to unlock. Not recursive. A value that is reached only
// under its lock: see guarded.hpp.
//
// Data that only tasks of a runtime with one event thread touch, and not across a suspension, needs
// no lock. Deadlocks by contradicting orders of locks: see lock_order.hpp.
#pragma once

#include <twill/async/detail/locking.hpp>
#include <twill/core/config.hpp>

#include <source_location>
#include <utility>

namespace twill::inline TWILL_ABI {

class condition_variable;

// Holds a mutex until its end. Movable, also to another thread.
class [[nodiscard("the mutex is held only as long as its guard lives")]] mutex_guard {
public:
    // Holds nothing.
    mutex_guard() noexcept = default;
    // Whether it holds a mutex.
    explicit operator bool() const noexcept { return held_.from() != nullptr; }
    void unlock() noexcept { held_.give_back(); }

    // For the library.
    explicit mutex_guard(detail::held_permits held) noexcept : held_(std::move(held)) {}

private:
    friend class condition_variable;
    detail::held_permits held_;
};

class mutex {
public:
    using guard = mutex_guard;

    constexpr mutex() noexcept = default;

    // `co_await lock()` suspends until the mutex is this task's, and gives the guard. Cancelled at
    // once: then it throws `cancelled` and holds nothing; a mutex that was handed over already is
    // kept.
    [[nodiscard]] detail::locking<detail::guard_of<guard>> lock(
        std::source_location where = std::source_location::current()) noexcept {
        return {"lock a mutex", &free_, 1, {}, where};
    }

    // The guard if the mutex is free and nobody waits for it; else one that holds nothing. Any
    // thread.
    guard try_lock(std::source_location where = std::source_location::current()) noexcept {
        return guard(free_.try_hold(1, where));
    }

    // Blocks the calling thread, whose core others may use if it is one of the compute pool. Throws
    // usage_error on an event thread.
    guard lock_blocking(std::source_location where = std::source_location::current()) {
        return guard(free_.hold_blocking(1, "co_await lock()", where));
    }

private:
    detail::lock_permits free_{1};
};

}  // namespace twill::inline TWILL_ABI
