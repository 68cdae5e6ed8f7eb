// Looking at one's own cancellation, and the bridges to std::stop_token.
//
//     while (!co_await twill::cancel_requested()) co_await step();
//     co_await twill::with_stop_token(outside, serve());          // stopped from outside twill
//     co_await twill::bridge_to_stop_token([](std::stop_token stop) -> twill::task<> {
//         co_await twill::blocking([stop] { legacy_loop(stop); });
//     });
//
// Most code needs none of it: every suspension of a cancelled task throws `cancelled`.
#pragma once

#include <twill/core/cancelled.hpp>
#include <twill/core/config.hpp>
#include <twill/core/group.hpp>
#include <twill/core/task.hpp>

#include <functional>
#include <source_location>
#include <stop_token>
#include <utility>

namespace twill::inline TWILL_ABI {

// `co_await cancel_requested()`: whether the running task was cancelled. Never suspends or throws.
class cancel_requested {
public:
    bool await_ready() const noexcept { return false; }
    template <twill_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
        requested_ = self.promise().current_context().cancel_requested();
        return false;
    }
    [[nodiscard]] bool await_resume() const noexcept { return requested_; }

private:
    bool requested_ = false;
};

// `co_await check_cancelled()`: throws `cancelled` if the running task was cancelled. Never
// suspends.
struct check_cancelled : private cancel_requested {
    using cancel_requested::await_ready;
    using cancel_requested::await_suspend;
    void await_resume() const {
        if (cancel_requested::await_resume()) throw cancelled();
    }
};

namespace detail {

// Suspends until its context is cancelled; does not throw then.
class TWILL_API until_cancelled final : public operation {
public:
    until_cancelled() noexcept : operation("cancellation") {}
    void await_resume() const noexcept {}

private:
    bool start() noexcept override { return false; }
    void cancel() noexcept override { complete(); }
};

// Cancels a branch when another has ended.
template <class T>
class cancel_after final : public end_listener {
public:
    explicit cancel_after(task_branch<T>& other) noexcept : other_(other) {}
    void branch_ended(const branch& /*which*/) noexcept override { other_.request_cancel(); }

private:
    task_branch<T>& other_;
};

TWILL_API task<> request_stop_when_cancelled(std::stop_source& stop);

}  // namespace detail

// Awaits `what`, cancelling it when `stop` is requested. Gives what it gives, throws what it
// throws.
template <awaitable A>
[[nodiscard]] task<await_result<A>> with_stop_token(
    std::stop_token stop, A what, std::source_location where = std::source_location::current()) {
    context& owner = co_await detail::current();
    if (owner.cancel_requested()) throw cancelled();
    detail::group stoppable(owner, where);
    detail::task_branch<await_result<A>> work({stoppable, as_task(std::move(what)), where});
    {
        // Its destructor waits for a callback that is running: none outlives the group.
        std::stop_callback on_stop(std::move(stop), [&] { stoppable.request_cancel(); });
        co_await stoppable.join(work.first_step());
    }
    co_return work.take();
}

// Awaits `body(token)`, which gives a task, with a token whose stop is requested when the task is
// cancelled, and at the latest when the body has ended. Callbacks on the token run on an event
// thread.
template <class Body>
    requires is_task<std::invoke_result_t<Body&, std::stop_token>>
[[nodiscard]] std::invoke_result_t<Body&, std::stop_token> bridge_to_stop_token(
    Body body, std::source_location where = std::source_location::current()) {
    using result = typename std::invoke_result_t<Body&, std::stop_token>::value_type;
    context& owner = co_await detail::current();
    if (owner.cancel_requested()) throw cancelled();
    std::stop_source stop;
    auto main = std::invoke(body, stop.get_token());
    auto watch = detail::request_stop_when_cancelled(stop);
    detail::group both(owner, where);
    detail::task_branch<void> watcher({both, std::move(watch), where});
    detail::task_branch<result> work({both, std::move(main), where});
    detail::cancel_after<void> release(watcher);
    work.on_end(release);
    watcher.start();
    co_await both.join(work.first_step());
    co_return work.take();
}

}  // namespace twill::inline TWILL_ABI
