// Interfaces that call back, awaited.
//
//     int n = co_await twill::from_callback<int>([&](twill::callback<int> done) {
//         lib_read(handle, buffer, [done](int n) { done(n); });
//     });
//
// The function starts the work; what `done` is called with, on any thread, now or later, is what
// awaiting it gives. `done` may be copied, such as into a std::function, and moved on.
//
// There is no way to stop work that only calls back, so a cancellation waits for it: the buffers
// that it was given stay valid. To stop it, use its own means, told by a std::stop_token:
//
//     co_await twill::bridge_to_stop_token([&](std::stop_token stop) -> twill::task<int> {
//         std::stop_callback on_stop(stop, [&] { lib_cancel(handle); });
//         co_return co_await twill::from_callback<int>(...);
//     });
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/call_result.hpp>
#include <twill/core/config.hpp>
#include <twill/core/context.hpp>

#include <concepts>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace twill::inline TWILL_ABI {

// All copies of `done` went without one having been called: there will be no result.
class TWILL_API callback_abandoned : public std::runtime_error {
public:
    callback_abandoned();
};

namespace detail {

// What an awaiting task waits for: that the function that starts the work has returned (what it
// refers to may go with the task), and that `done` was called or abandoned. Each takes one from
// `pending_`, and the later one completes the operation. Acquire-release: the task sees what was
// done before either.
class TWILL_API callback_operation : public operation {
public:
    void ended() noexcept {
        if (pending_.fetch_sub(1, std::memory_order_acq_rel) == 1) complete();
    }

protected:
    callback_operation() noexcept : operation("callback") {}
    ~callback_operation() = default;

private:
    // Calls the function.
    virtual void begin() noexcept = 0;
    bool start() noexcept override {
        begin();
        return pending_.fetch_sub(1, std::memory_order_acq_rel) == 1;
    }
    void cancel() noexcept override {}

    atomic<std::uint32_t> pending_{2};
};

// What the copies of `done` share. The first one that uses it sets the result; only then is the
// operation sure to exist.
template <class T>
class callback_link {
public:
    callback_link(callback_operation& operation, std::optional<call_result<T>>& result) noexcept
        : operation_(operation), result_(result) {}
    callback_link(const callback_link&) = delete;
    callback_link& operator=(const callback_link&) = delete;
    ~callback_link() {
        // Relaxed: whoever gave up the last copy sees what the others did.
        if (!used_.load(std::memory_order_relaxed)) operation_.ended();
    }

    // `function` gives the result, or throws it.
    template <class F>
    void finish(F&& function) noexcept {
        // Relaxed: it guards nothing; whoever is first goes on alone.
        if (used_.exchange(true, std::memory_order_relaxed)) return;
        result_.emplace().keep(std::forward<F>(function));
        operation_.ended();
    }

private:
    callback_operation& operation_;
    std::optional<call_result<T>>& result_;
    atomic<bool> used_{false};
};

}  // namespace detail

// What a call-back interface is given to call. Copies are one: the first call counts, further ones
// do nothing. Any thread. Calls never throw; what copying or moving the value throws is thrown to
// the task.
template <class T = void>
class callback {
public:
    void operator()(T value) const noexcept {
        link_->finish([&]() -> T { return std::forward<T>(value); });
    }
    // The task that waits throws it.
    void fail(std::exception_ptr error) const noexcept {
        link_->finish([&]() -> T { std::rethrow_exception(std::move(error)); });
    }

    // For the library.
    explicit callback(std::shared_ptr<detail::callback_link<T>> link) noexcept
        : link_(std::move(link)) {}

private:
    std::shared_ptr<detail::callback_link<T>> link_;
};

template <>
class callback<void> {
public:
    void operator()() const noexcept {
        link_->finish([] {});
    }
    void fail(std::exception_ptr error) const noexcept {
        link_->finish([&] { std::rethrow_exception(std::move(error)); });
    }

    explicit callback(std::shared_ptr<detail::callback_link<void>> link) noexcept
        : link_(std::move(link)) {}

private:
    std::shared_ptr<detail::callback_link<void>> link_;
};

namespace detail {

template <class T, class F>
class from_callback_operation final : public callback_operation {
public:
    explicit from_callback_operation(F function) : function_(std::move(function)) {}
    T await_resume() {
        throw_if_refused();
        if (!result_) throw callback_abandoned();
        return result_->take();
    }

private:
    void begin() noexcept override {
        std::shared_ptr<callback_link<T>> link;
        try {
            link = std::make_shared<callback_link<T>>(*this, result_);
            std::invoke(std::move(function_), callback<T>(link));
        } catch (...) {
            const auto error = [&]() -> T { throw; };
            if (link) return link->finish(error);
            result_.emplace().keep(error);  // there is no memory for a link
            ended();
        }
    }

    F function_;
    std::optional<call_result<T>> result_;
};

template <class T, class F>
struct [[nodiscard("nothing is started until it is awaited")]] from_callback_call {
    F function;
    from_callback_operation<T, F> operator co_await() && {
        return from_callback_operation<T, F>(std::move(function));
    }
};

}  // namespace detail

// Awaitable: calls `start(done)`, which starts some work and does not block, and suspends until
// `done` is called; gives what it was called with. Throws what `start` throws if `done` was not
// called before, what was passed to `fail`, callback_abandoned, and `cancelled` if the task was
// cancelled already: then nothing is started. A later cancellation waits for the call.
template <class T = void, class F>
    requires std::invocable<F&&, callback<T>>
[[nodiscard]] detail::from_callback_call<T, F> from_callback(F start) {
    return {std::move(start)};
}

}  // namespace twill::inline TWILL_ABI
