// Small awaitables that tests of tasks are made from.
#pragma once

#include <twill/core/cancellation.hpp>
#include <twill/core/context.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/task.hpp>

#include <stdexcept>
#include <type_traits>
#include <utility>

namespace twill_test {

// Whether awaiting `what` throws an Error. Other exceptions pass.
template <class Error, class A>
twill::task<bool> throws(A what) {
    try {
        static_cast<void>(co_await std::move(what));
    } catch (const Error&) {
        co_return true;
    }
    co_return false;
}
template <class Error, class A>
    requires std::is_void_v<twill::await_result<A>>
twill::task<bool> throws(A what) {
    try {
        co_await std::move(what);
    } catch (const Error&) {
        co_return true;
    }
    co_return false;
}

struct failure : std::runtime_error {
    explicit failure(int n) : std::runtime_error("failure"), number(n) {}
    int number;
};

inline twill::task<> fail(int number) {
    throw failure(number);
    co_return;
}

template <class T>
twill::task<T> give(T value) {
    co_return value;
}

// Gives `value` after others had their turn.
template <class T>
twill::task<T> give_later(T value) {
    co_await twill::yield();
    co_return value;
}

inline twill::task<> for_ever() { co_await twill::sleep_until(twill::never); }

// An operation that ends only when the test says so, from any thread; it can ignore cancellation.
class manual_operation final : public twill::operation {
public:
    enum class when_cancelled : bool { ends, goes_on };
    explicit manual_operation(when_cancelled how = when_cancelled::ends) noexcept
        : operation("manual"), how_(how) {}
    void await_resume() const {
        throw_if_refused();
        if (cut_short_) throw twill::cancelled();
    }
    // Once, after it was started.
    void finish() noexcept { complete(); }
    [[nodiscard]] bool started() const noexcept { return started_.load(); }
    [[nodiscard]] int cancel_calls() const noexcept { return cancel_calls_.load(); }

private:
    bool start() noexcept override {
        started_.store(true);
        return false;
    }
    void cancel() noexcept override {
        cancel_calls_.fetch_add(1);
        if (how_ == when_cancelled::goes_on) return;
        cut_short_ = true;
        complete();
    }

    const when_cancelled how_;
    bool cut_short_ = false;
    twill::atomic<bool> started_{false};
    twill::atomic<int> cancel_calls_{0};
};

// Awaits an operation that somebody else owns.
template <class Operation>
class borrowed {
public:
    explicit borrowed(Operation& op) noexcept : op_(&op) {}
    bool await_ready() const noexcept { return op_->await_ready(); }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
        return op_->await_suspend(waiter);
    }
    decltype(auto) await_resume() { return op_->await_resume(); }

private:
    Operation* op_;
};

}  // namespace twill_test
