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

#include <twill/async/detail/locking.hpp>
#include <twill/core/config.hpp>

#include <cassert>
#include <concepts>
#include <source_location>
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
    struct to_value {
        T* value;
        guarded_access<T> operator()(detail::held_permits held) const noexcept {
            return {*value, std::move(held)};
        }
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
    [[nodiscard]] detail::locking<to_value> lock(
        std::source_location where = std::source_location::current()) noexcept {
        return {"lock a value", &free_, 1, {&value_}, where};
    }
    // The value if nobody has it or waits for it. Any thread.
    guarded_access<T> try_lock(
        std::source_location where = std::source_location::current()) noexcept {
        return {value_, free_.try_hold(1, where)};
    }
    // Blocks the calling thread. Throws usage_error on an event thread.
    guarded_access<T> lock_blocking(std::source_location where = std::source_location::current()) {
        return {value_, free_.hold_blocking(1, "co_await lock()", where)};
    }

private:
    detail::lock_permits free_{1};
    T value_;
};

}  // namespace twill::inline TWILL_ABI
