// guarded<T>: a value that is reached only under its lock.
//
//     twill::guarded<std::map<std::string, int>> hits;
//     auto table = co_await hits.lock();
//     ++(*table)["/index"];
//
// That the lock is forgotten cannot happen, for there is no other way to the value. For tasks on
// any event thread, plain threads and functions on the compute pool; all else as for `mutex`. Do
// not keep references to the value longer than the access.
#pragma once

#include <twill/async/detail/permits.hpp>
#include <twill/core/config.hpp>

#include <cassert>
#include <concepts>
#include <utility>

namespace twill::inline TWILL_ABI {

// The value, held until its end. Movable.
template <class T>
class [[nodiscard("the value is held only as long as this lives")]] guarded_access {
public:
    // Whether it holds the value: what try_lock gives may not.
    explicit operator bool() const noexcept { return held_.from() != nullptr; }
    // Only while it holds the value: else a null pointer.
    [[nodiscard]] T& operator*() const noexcept { return *operator->(); }
    [[nodiscard]] T* operator->() const noexcept {
        assert(held_.from() != nullptr && "a value is used that is not held: look at the access");
        return held_.from() != nullptr ? value_ : nullptr;
    }
    void unlock() noexcept { held_.give_back(); }

    // For the library.
    guarded_access(T& value, detail::held_permits held) noexcept
        : value_(&value), held_(std::move(held)) {}

private:
    T* value_;
    detail::held_permits held_;
};

template <class T>
class guarded {
    class locking final : public detail::place_wait {
    public:
        explicit locking(guarded& of) noexcept : place_wait("lock a value", of.free_), of_(&of) {
            amount = 1;
        }
        template <class Promise>
        bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
            return begin_unless(self, [this] { return of_->free_.try_take(1); });
        }
        guarded_access<T> await_resume() const {
            throw_if_cut();
            return of_->access();
        }

    private:
        guarded* of_;
    };
    struct [[nodiscard("it waits when it is awaited, and gives the access")]] locked {
        guarded* of;
        locking operator co_await() const noexcept { return locking(*of); }

        // As a case of a select.
        struct parcel {};
        [[nodiscard]] detail::two_phase_place& place() const noexcept { return of->free_; }
        void prepare(detail::waiter& who, parcel& /*with*/) const noexcept { who.amount = 1; }
        guarded_access<T> result(parcel& /*from*/) const noexcept { return of->access(); }
    };

public:
    // Makes the value from `arguments`.
    template <class... Args>
        requires std::constructible_from<T, Args...>
    explicit guarded(Args&&... arguments) : value_(std::forward<Args>(arguments)...) {}
    guarded(const guarded&) = delete;
    guarded& operator=(const guarded&) = delete;

    // `co_await lock()` suspends until the value is this task's alone, and gives it. Cancelled at
    // once; what was handed over already is kept.
    [[nodiscard]] locked lock() noexcept { return {this}; }
    // The value if nobody has it or waits for it. Any thread.
    guarded_access<T> try_lock() noexcept {
        return free_.try_take(1) ? access() : guarded_access<T>(value_, {});
    }
    // Blocks the calling thread. Throws usage_error on an event thread.
    guarded_access<T> lock_blocking() {
        free_.take_blocking(1, "co_await lock()");
        return access();
    }

private:
    guarded_access<T> access() noexcept { return {value_, detail::held_permits(free_, 1)}; }

    detail::permits free_{1};
    T value_;
};

}  // namespace twill::inline TWILL_ABI
