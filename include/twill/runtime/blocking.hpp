// Calls that block, without blocking the tasks.
//
//     std::string text = co_await twill::blocking([&] { return read_whole_file(path); });
#pragma once

#include <twill/core/call_result.hpp>
#include <twill/core/config.hpp>
#include <twill/core/context.hpp>
#include <twill/runtime/runtime.hpp>

#include <functional>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

// A job of the blocking pool that a task waits for.
class TWILL_API blocking_job : public operation {
protected:
    blocking_job() noexcept : operation("blocking call"), job_(*this) {}
    ~blocking_job() = default;
    void throw_if_not_run() const;

private:
    struct queued final : runnable {
        explicit queued(blocking_job& whose) noexcept : runnable(&queued::execute), owner(whose) {}
        static void execute(runnable& self) noexcept;
        blocking_job& owner;
    };

    virtual void call() noexcept = 0;
    bool start() noexcept override;
    void cancel() noexcept override;

    queued job_;
    bool removed_ = false;
    std::error_code refused_;
};

template <class F>
class blocking_operation final : public blocking_job {
    using result = std::invoke_result_t<F&>;

public:
    explicit blocking_operation(F function) : function_(std::move(function)) {}
    result await_resume() {
        throw_if_not_run();
        return result_.take();
    }

private:
    void call() noexcept override { result_.keep(function_); }

    F function_;
    call_result<result> result_;
};

template <class F>
class [[nodiscard("the call is made when it is awaited")]] blocking_call {
public:
    explicit blocking_call(F function) : function_(std::move(function)) {}
    blocking_operation<F> operator co_await() && {
        return blocking_operation<F>(std::move(function_));
    }

private:
    F function_;
};

}  // namespace detail

// `co_await blocking(function)` runs `function()` on a thread of the blocking pool and gives what
// it gives, or throws what it throws. Cancelled: while it waits for a thread, at once, and it never
// runs; once it runs it cannot be interrupted, and its result is given. Use `bridge_to_stop_token`
// for a function that can be told. Throws io_error when the system refuses the pool's first thread.
template <class F>
    requires std::invocable<std::decay_t<F>&>
[[nodiscard]] auto blocking(F&& function) {
    return detail::blocking_call<std::decay_t<F>>(std::forward<F>(function));
}

}  // namespace twill::inline TWILL_ABI
