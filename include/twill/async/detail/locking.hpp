// Permits that are a lock, whose order among others can be watched.
#pragma once

#include <twill/async/detail/lock_order.hpp>
#include <twill/async/detail/permits.hpp>
#include <twill/core/config.hpp>

#include <cstdint>
#include <source_location>
#include <utility>

namespace twill::inline TWILL_ABI::detail {

class lock_permits final : public permits {
public:
    explicit constexpr lock_permits(std::uint64_t free) noexcept : permits(free) {}
    ~lock_permits() {
        // Relaxed: nobody else is here any more.
        const std::uint32_t number = number_.load(std::memory_order_relaxed);
        if (number != 0) [[unlikely]]
            lock_order::ended(number);
    }

    // By a task, before it waits; `who` is its context.
    void wanted_by(const context& who, std::source_location where) noexcept {
        if (lock_order::is_watching()) [[unlikely]]
            lock_order::wants(number_, &who, where);
    }
    // For who has taken `n`.
    held_permits held_by(const context& who, std::uint64_t n, std::source_location where) noexcept {
        return {*this, n, lock_order::is_watching() ? lock_order::holds(number_, &who, where) : 0};
    }

    // The same by the calling thread. Without waiting; holding nothing if they are not free:
    held_permits try_hold(std::uint64_t n, std::source_location where) noexcept {
        return try_take(n) ? held_here(n, where) : held_permits();
    }
    // It blocks. Throws usage_error on an event thread.
    held_permits hold_blocking(std::uint64_t n, const char* instead, std::source_location where) {
        if (lock_order::is_watching()) [[unlikely]]
            lock_order::wants(number_, lock_order::this_thread(), where);
        take_blocking(n, instead);
        return held_here(n, where);
    }

private:
    held_permits held_here(std::uint64_t n, std::source_location where) noexcept {
        return {*this, n,
                lock_order::is_watching()
                    ? lock_order::holds(number_, lock_order::this_thread(), where)
                    : 0};
    }

    lock_order::lock_number number_{0};
};

// Takes the lock; gives what `Maker` makes of the permits.
template <class Maker>
class lock_operation final : public place_wait {
public:
    lock_operation(const char* what, lock_permits& from, std::uint64_t n, Maker maker,
                   std::source_location where) noexcept
        : place_wait(what, from), from_(&from), where_(where), maker_(maker) {
        amount = n;
    }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
        who_ = &self.promise().current_context();
        from_->wanted_by(*who_, where_);
        return begin_unless(self, [this] { return from_->try_take(amount); });
    }
    auto await_resume() const {
        throw_if_cut();
        return maker_(from_->held_by(*who_, amount, where_));
    }

private:
    lock_permits* from_;
    const context* who_ = nullptr;
    std::source_location where_;
    [[no_unique_address]] Maker maker_;
};

template <class Maker>
struct [[nodiscard("it waits when it is awaited, and gives a guard")]] locking {
    const char* what;
    lock_permits* from;
    std::uint64_t n;
    [[no_unique_address]] Maker maker;
    std::source_location where;
    lock_operation<Maker> operator co_await() const noexcept {
        return lock_operation<Maker>(what, *from, n, maker, where);
    }

    // As a case of a select.
    struct parcel {};
    [[nodiscard]] two_phase_place& place() const noexcept { return *from; }
    void prepare(waiter& who, parcel& /*with*/) const noexcept { who.amount = n; }
    auto result(parcel& /*from*/) const { return maker(held_permits(*from, n)); }
};

// A Guard that is made from nothing but the permits.
template <class Guard>
struct guard_of {
    Guard operator()(held_permits held) const noexcept { return Guard(std::move(held)); }
};

}  // namespace twill::inline TWILL_ABI::detail
