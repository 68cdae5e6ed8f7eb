// once: something that is done by the first who needs it, while the others wait.
//
//     twill::once connected;
//     co_await connected.call([&]() -> twill::task<> { connection = co_await connect("db:5432");
//     });
//
// If the first fails or is cancelled, the next who waits tries; who comes after it was done passes
// with one load. For tasks on any event thread, plain threads and functions on the compute pool. It
// must live until all calls have returned.
#pragma once

#include <twill/async/mutex.hpp>
#include <twill/async/wait_blocking.hpp>
#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/core/task.hpp>
#include <twill/core/time.hpp>

#include <functional>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {

class once {
public:
    constexpr once() noexcept = default;

    // `co_await call(f)`: when it goes on, `f()` has come to its end once, here or elsewhere, and
    // what it did is seen. `f` gives a task, or anything else that can be awaited, or is a plain
    // function; what that gives is dropped. Throws what `f` throws when it ran here: then it was
    // not done. Cancelled at once while it waits for somebody else's.
    template <class F>
    [[nodiscard]] task<> call(F f) {
        if (is_done()) co_return;
        const auto mine = co_await running_.lock();
        if (is_done()) co_return;
        if constexpr (awaitable<std::invoke_result_t<F&>>)
            static_cast<void>(co_await std::invoke(f));
        else
            static_cast<void>(std::invoke(f));
        finish();
    }

    // The same in a plain function, with a plain function. Blocks the calling thread; throws
    // usage_error on an event thread.
    template <class F>
        requires(!awaitable<std::invoke_result_t<F>>)
    void call_blocking(F&& f) {
        if (is_done()) return;
        const auto mine = running_.lock_blocking();
        if (is_done()) return;
        static_cast<void>(std::invoke(std::forward<F>(f)));
        finish();
    }

    // The same with a limit in time for somebody else's call, not for `f`. False: that had not come
    // to its end by then, and `f` was not called.
    template <class F>
        requires(!awaitable<std::invoke_result_t<F>>)
    [[nodiscard]] bool call_blocking_until(time_point deadline, F&& f) {
        if (is_done()) return true;
        const auto mine = wait_blocking_until(deadline, running_.lock());
        if (is_done()) return true;
        if (!mine) return false;
        static_cast<void>(std::invoke(std::forward<F>(f)));
        finish();
        return true;
    }
    template <class F>
        requires(!awaitable<std::invoke_result_t<F>>)
    [[nodiscard]] bool call_blocking_for(duration length, F&& f) {
        return call_blocking_until(after(now(), length), std::forward<F>(f));
    }

    [[nodiscard]] bool is_done() const noexcept {
        // Acquire pairs with the release in `finish`.
        return done_.load(std::memory_order_acquire);
    }

private:
    void finish() noexcept { done_.store(true, std::memory_order_release); }

    mutex running_;
    atomic<bool> done_{false};
};

}  // namespace twill::inline TWILL_ABI
