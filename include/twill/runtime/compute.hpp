// Parallel work, from a task.
//
//     auto hits = co_await twill::compute([&] { return twill::par::count_if(rows, matches); });
//
// The function is plain C++: it computes, it does not wait. It and what it forks run on the compute
// pool while the event thread goes on with other tasks.
#pragma once

#include <twill/core/call_result.hpp>
#include <twill/core/config.hpp>
#include <twill/core/context.hpp>
#include <twill/runtime/compute_pool.hpp>
#include <twill/runtime/runtime.hpp>

#include <functional>
#include <source_location>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {

struct compute_options {
    // Who gets the cores when not all can have one: see twill::priority.
    twill::priority priority = twill::priority::normal;
    // Which threads it runs on: `lane::foreign` for code that makes no par:: calls for milliseconds
    // and would keep I/O waiting. See twill::lane.
    twill::lane lane = twill::lane::normal;
    // What the region is called in traces and profiles, a literal; empty: by the place of the call.
    const char* name = "";
};

namespace detail {

template <class F>
concept takes_compute_context = std::invocable<F&, compute_context&>;

template <class F>
struct compute_result : std::invoke_result<F&> {};
template <takes_compute_context F>
struct compute_result<F> : std::invoke_result<F&, compute_context&> {};

// A region that a task waits for.
class TWILL_API compute_job : public operation, protected region {
protected:
    compute_job(execute_function execute, const compute_options& how,
                const std::source_location& where) noexcept
        : operation("compute"),
          region(execute, &compute_job::region_ended, where.file_name(), where.line(), how.priority,
                 how.lane, how.name) {}
    ~compute_job() = default;
    void throw_if_not_run() const;

private:
    static void region_ended(region& self) noexcept;
    bool start() noexcept override;
    void cancel() noexcept override;

    std::error_code refused_;
};

template <class F>
class compute_operation final : public compute_job {
    using result = typename compute_result<F>::type;

public:
    compute_operation(F function, const compute_options& how, const std::source_location& where)
        : compute_job(&compute_operation::execute, how, where), function_(std::move(function)) {}
    result await_resume() {
        throw_if_not_run();
        return result_.take();
    }

private:
    static void execute(region& self, compute_context& here) noexcept {
        auto& job = static_cast<compute_operation&>(self);
        if constexpr (takes_compute_context<F>)
            job.result_.keep(job.function_, here);
        else
            job.result_.keep(job.function_);
    }

    F function_;
    call_result<result> result_;
};

template <class F>
class [[nodiscard("the call is made when it is awaited")]] compute_call {
public:
    compute_call(F function, compute_options how, std::source_location where)
        : function_(std::move(function)), how_(how), where_(where) {}
    compute_operation<F> operator co_await() && {
        return compute_operation<F>(std::move(function_), how_, where_);
    }

private:
    F function_;
    compute_options how_;
    std::source_location where_;
};

}  // namespace detail

// `co_await compute(function, {.priority = ..., .lane = ...})` runs `function()`, or
// `function(par::context&)`, on the compute pool and gives what it gives, or throws what it throws.
// Cancelled: before it has started, at once, and it never runs. While it runs, its `par::` calls
// throw `cancelled` at their next beat (about 0.1 ms); a function that makes none runs to its end,
// and its result is given. Throws io_error when the system refuses the pool's first thread.
template <class F>
    requires std::invocable<std::decay_t<F>&> || detail::takes_compute_context<std::decay_t<F>>
[[nodiscard]] auto compute(F&& function, compute_options options = {},
                           std::source_location where = std::source_location::current()) {
    return detail::compute_call<std::decay_t<F>>(std::forward<F>(function), options, where);
}

}  // namespace twill::inline TWILL_ABI
