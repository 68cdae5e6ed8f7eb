// A value that belongs to a task and everything below it: the id of a request, a log's prefix, the
// user on whose behalf things are done.
//
//     twill::task_local<std::string> request_id;
//
//     co_await request_id.with("r-17", answer(request));     // in all tasks below this one ...
//     log(co_await request_id.get(), "begins");              // ... this gives "r-17"
//
// It is bound to the tree of what runs, not to a thread: tasks that are awaited, spawned, run by
// when_all, map and the rest inherit it, and when the task that bound it goes on, it is as before.
// What is spawned into a scope that lies above the `with` does not: the value may be gone before
// it. Plain functions of the compute and the blocking pool are given what they need as arguments.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/group.hpp>
#include <twill/core/task.hpp>

#include <coroutine>
#include <source_location>
#include <utility>

namespace twill::inline TWILL_ABI {

// Usually a global; must outlive the tasks that use it. Any number of tasks, threads and runtimes.
template <class T>
class task_local {
public:
    // `otherwise`: its value where none is bound.
    constexpr explicit task_local(T otherwise = T()) : otherwise_(std::move(otherwise)) {}
    task_local(const task_local&) = delete;
    task_local& operator=(const task_local&) = delete;

    // Awaits `what` with `value` bound for it and everything below it. Gives what it gives, throws
    // what it throws. The value lives until `what` has ended.
    template <awaitable A>
    [[nodiscard]] task<await_result<A>> with(
        T value, A what, std::source_location where = std::source_location::current()) {
        return bind(std::move(value), std::move(what), where);
    }

    // `co_await get()` gives the value that is bound, or `otherwise`, without suspending. The
    // reference is valid as long as the task runs below the `with` that bound it. Takes time in
    // proportion to the depth of the task below that.
    class getting {
    public:
        explicit getting(const task_local& of) noexcept : value_(&of.otherwise_), of_(&of) {}
        [[nodiscard]] bool await_ready() const noexcept { return false; }
        template <twill_promise Promise>
        bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
            const detail::binding* found =
                detail::find_binding(self.promise().current_context(), of_);
            if (found != nullptr) value_ = &static_cast<const bound_value*>(found)->value;
            return false;
        }
        [[nodiscard]] const T& await_resume() const noexcept { return *value_; }

    private:
        const T* value_;
        const task_local* of_;
    };
    [[nodiscard]] getting get() const noexcept { return getting(*this); }

private:
    struct bound_value final : detail::binding {
        bound_value(const task_local& of, T&& from)
            : detail::binding{&of}, value(std::move(from)) {}
        const T value;
    };

    template <awaitable A>
    task<await_result<A>> bind(T value, A what, std::source_location where) {
        context& owner = co_await detail::current();
        const bound_value bound(*this, std::move(value));
        detail::group below(owner, where, failure_policy::cancel_rest, &bound);
        detail::task_branch<await_result<A>> work({below, as_task(std::move(what)), where});
        co_await below.join(work.first_step());
        co_return work.take();
    }

    const T otherwise_;
};

}  // namespace twill::inline TWILL_ABI
