// std::future, both ways.
//
//     int n = co_await twill::from_future(library.ask());            // theirs, awaited
//     std::future<page> f = twill::spawn_future(s, fetch, url);      // ours, for those who want
//     one
#pragma once

#include <twill/core/cancellation.hpp>
#include <twill/core/cancelled.hpp>
#include <twill/core/config.hpp>
#include <twill/core/runnable.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/task.hpp>
#include <twill/runtime/blocking.hpp>
#include <twill/runtime/blocking_pool.hpp>
#include <twill/runtime/runtime.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {

namespace detail {

// In a thread of the blocking pool. A future tells nobody when it is ready, so a cancellation is
// looked for now and then.
template <class Future>
void wait_unless_cancelled(const Future& theirs, const context& owner) {
    auto wait = std::chrono::milliseconds(1);
    while (theirs.wait_for(wait) == std::future_status::timeout) {
        if (owner.cancel_requested()) throw cancelled();
        wait = std::min(2 * wait, std::chrono::milliseconds(20));
    }
}

// A future that is not ready. Some wait for their work when they go, which may be for long: then
// that is left to a thread of the blocking pool, not done on the event thread.
template <class Future>
class future_not_ready {
public:
    future_not_ready(Future theirs, blocking_pool& pool)
        : pool_(pool), kept_(std::make_unique<kept>(std::move(theirs))) {}
    future_not_ready(const future_not_ready&) = delete;
    future_not_ready& operator=(const future_not_ready&) = delete;
    ~future_not_ready() {
        Future& left = kept_->theirs;
        if (!left.valid() || left.wait_for(std::chrono::seconds(0)) != std::future_status::timeout)
            return;
        if (!pool_.try_submit(*kept_)) static_cast<void>(kept_.release());
    }
    // In a thread of the pool.
    Future take() noexcept { return std::move(kept_->theirs); }

private:
    struct kept final : runnable {
        explicit kept(Future from) noexcept : runnable(&kept::end), theirs(std::move(from)) {}
        static void end(runnable& self) noexcept {
            const std::unique_ptr<kept> here(&static_cast<kept&>(self));
        }
        Future theirs;
    };

    blocking_pool& pool_;
    std::unique_ptr<kept> kept_;
};

template <class T, class Future>
task<T> await_future(Future theirs) {
    if (!theirs.valid()) throw std::future_error(std::future_errc::no_state);
    if (theirs.wait_for(std::chrono::seconds(0)) == std::future_status::ready)
        co_return theirs.get();
    const context& owner = co_await detail::current();
    future_not_ready<Future> later(std::move(theirs), runtime::of(owner).blocking());
    co_return co_await blocking([&]() -> T {
        Future mine = later.take();
        wait_unless_cancelled(mine, owner);
        return mine.get();
    });
}

template <class T, class F, class... Args>
task<> fulfil(std::promise<T> promise, F function, Args... arguments) {
    try {
        if constexpr (std::is_void_v<T>) {
            co_await std::invoke(std::move(function), std::move(arguments)...);
            promise.set_value();
        } else {
            promise.set_value(co_await std::invoke(std::move(function), std::move(arguments)...));
        }
    } catch (const cancelled&) {
        promise.set_exception(std::current_exception());
        throw;
    } catch (...) {
        promise.set_exception(std::current_exception());
    }
}

}  // namespace detail

// `co_await from_future(f)` suspends until the future is ready, and gives or throws what it holds.
// One that is not ready at once is waited for by a thread of the blocking pool, a thread each: more
// of them than the pool has threads, for what needs such a thread itself, wait for ever. Cancelled
// within 20 ms: then it throws `cancelled`, and the future is gone. One of std::async waits for its
// function first, as it always does; if no thread of the pool had begun to wait, one does that
// later, and the runtime ends after it. Throws std::future_error for one that is empty.
template <class T>
[[nodiscard]] task<T> from_future(std::future<T> theirs) {
    return detail::await_future<T>(std::move(theirs));
}
template <class T>
[[nodiscard]] task<T> from_future(std::shared_future<T> theirs) {
    return detail::await_future<T>(std::move(theirs));
}

// Spawns the task that `function(arguments...)` gives into `s`, and gives its result as a future.
// What it throws is thrown there, and does not fail the scope; when it is cancelled, the future
// throws `cancelled`. Without memory to begin it fails the scope, and the future throws
// std::future_error (broken_promise). Waiting for the future blocks: not on an event thread.
template <class F, class... Args>
    requires is_task<std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...>>
[[nodiscard]] auto spawn_future(scope_ref s, F&& function, Args&&... arguments) {
    using result =
        typename std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...>::value_type;
    std::promise<result> promise;
    std::future<result> future = promise.get_future();
    s.spawn(&detail::fulfil<result, std::decay_t<F>, std::decay_t<Args>...>, std::move(promise),
            std::forward<F>(function), std::forward<Args>(arguments)...);
    return future;
}

}  // namespace twill::inline TWILL_ABI
