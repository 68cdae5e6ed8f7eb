// The runtime: the pools, and the way from main() into tasks.
//
//     int main() {
//         return twill::run([]() -> twill::task<int> {
//             co_await twill::sleep(10ms);
//             co_return 0;
//         });
//     }
//
// `run` drives the tasks on the calling thread and returns when all of them have ended; threads for
// compute and blocking calls come when something asks for them. Several runtimes may run in one
// process, each on a thread of its own.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/executor.hpp>
#include <twill/core/promise.hpp>
#include <twill/core/task.hpp>
#include <twill/core/time.hpp>
#include <twill/runtime/options.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {

class blocking_pool;
class compute_pool;

// What the event pool has done since the runtime was made, and what is out of order. How many tasks
// a second, say, is for the caller to find out: by asking twice. The other pools tell of
// themselves: compute_pool::stats, blocking_pool::stats.
struct runtime_statistics {
    // How often a ready task was run, until it waited, let others go first, or ended.
    std::uint64_t tasks_run = 0;
    // How often an event thread found nothing ready and went to sleep.
    std::uint64_t event_parks = 0;
    // How often one that had nothing took ready tasks of another: with several event threads.
    std::uint64_t event_steals = 0;
    // How long event threads were not asleep, all together, whether or not they had a CPU. Of 0.4 s
    // in a second the event pool is 40 % of one thread.
    duration event_busy{};
    // Tasks that held an event thread longer than `watchdog_limit` while others waited.
    std::uint64_t held_up = 0;
    // How often another thread went on with the others: watchdog::hand_over.
    std::uint64_t hand_overs = 0;
    // Event threads that run tasks, or are about to; the one that called `run` counts always.
    unsigned event_threads = 1;
    // How often one more was called: runtime_options::event_threads.
    std::uint64_t event_threads_called = 0;
    // In how many periods of a CPU quota the kernel has stopped the process, with all of its
    // control group, as far as it was seen: a look is taken once a second while parallel work runs,
    // or tasks that the watchdog looks after.
    std::uint64_t throttled_periods = 0;
};

class TWILL_API runtime final : private executor {
public:
    // Throws usage_error for options out of their range, io_error when the kernel refuses what the
    // runtime needs (descriptors) or when the trace file cannot be made.
    explicit runtime(runtime_options options = runtime_options::from_environment());
    // Joins all threads. Only when nothing runs in it.
    ~runtime();
    runtime(const runtime&) = delete;
    runtime& operator=(const runtime&) = delete;

    // Runs the task that `main(arguments...)` gives on this thread; returns when it has ended, with
    // what it gave, or throws what it threw. One call at a time; throws usage_error when the thread
    // already runs tasks of any runtime.
    template <class F>
        requires is_task<std::invoke_result_t<F&>>
    auto run(F&& main, std::source_location where = std::source_location::current()) ->
        typename std::invoke_result_t<F&>::value_type {
        return run_at(where, main);
    }
    template <class F, class A>
        requires is_task<std::invoke_result_t<F&, A&>>
    auto run(F&& main, A&& a, std::source_location where = std::source_location::current()) ->
        typename std::invoke_result_t<F&, A&>::value_type {
        return run_at(where, main, a);
    }
    template <class F, class A, class B>
        requires is_task<std::invoke_result_t<F&, A&, B&>>
    auto run(F&& main, A&& a, B&& b, std::source_location where = std::source_location::current())
        -> typename std::invoke_result_t<F&, A&, B&>::value_type {
        return run_at(where, main, a, b);
    }
    template <class F, class A, class B, class C>
        requires is_task<std::invoke_result_t<F&, A&, B&, C&>>
    auto run(F&& main, A&& a, B&& b, C&& c,
             std::source_location where = std::source_location::current()) ->
        typename std::invoke_result_t<F&, A&, B&, C&>::value_type {
        return run_at(where, main, a, b, c);
    }
    // The same with the place that reports show given by the caller, and any number of arguments.
    template <class F, class... Args>
        requires is_task<std::invoke_result_t<F&, Args&...>>
    auto run_at(std::source_location where, F&& main, Args&&... arguments) ->
        typename std::invoke_result_t<F&, Args&...>::value_type;

    // Asks the running task to end, by cancellation; `run` then returns as soon as it has. When
    // that takes longer than `shutdown_limit`, a report says what still runs and where it was
    // spawned. Does nothing when nothing runs. Any thread; not from a signal handler.
    void stop() noexcept;

    // The tree of what runs: a line for each task, with where it was spawned, what it waits for,
    // and in which coroutines, the innermost first:
    //     server.cpp:31 waits: receive, in read_line < answer < serve
    // Their names come from the program's symbols; one without them is told by its address. Names
    // of tasks: core/named.hpp. Only inside of a task. What runs on other threads goes on: each
    // line is true of one moment, and of another than the next line's.
    [[nodiscard]] std::string dump() const;

    [[nodiscard]] compute_pool& compute() noexcept;
    [[nodiscard]] blocking_pool& blocking() noexcept;
    [[nodiscard]] const runtime_options& options() const noexcept;
    // Any thread.
    [[nodiscard]] runtime_statistics stats() const noexcept;

    // The runtime that a context belongs to.
    [[nodiscard]] static runtime& of(const context& where) noexcept {
        return static_cast<runtime&>(where.home().pools());
    }

private:
    template <class T>
    class root;

    void post(runnable& work) noexcept override;
    bool arm(timer& what) noexcept override;
    bool disarm(timer& what) noexcept override;
    bool may_continue() noexcept override;
    bool may_resume() noexcept override;
    reactor& io() noexcept override;

    executor& as_executor() noexcept { return *this; }
    // The right to run, which one call of `run` at a time has. Throws usage_error.
    class TWILL_API turn {
    public:
        explicit turn(runtime& in);
        ~turn();
        turn(const turn&) = delete;
        turn& operator=(const turn&) = delete;

    private:
        runtime& in_;
    };
    void drive(branch& main, runnable& first, const atomic<bool>& done) noexcept;
    void note_end() noexcept;

    struct parts;
    std::unique_ptr<parts> parts_;
};

// The outermost task of a run.
template <class T>
class runtime::root final : public branch, public runnable {
public:
    root(executor& home, task<T> main, std::source_location where)
        : branch(home, where), runnable(&root::begin), task_(std::move(main)) {
        task_.unbegun().promise().begin_in(*this);
    }
    T take() { return task_.handle().promise().take(); }
    [[nodiscard]] const atomic<bool>& done() const noexcept { return done_; }

private:
    static void begin(runnable& self) noexcept {
        auto& main = static_cast<root&>(self);
        detail::note_running(main.place());
        detail::resume(main.task_.handle());
    }
    std::coroutine_handle<> ended() noexcept override {
        // The thread that called `run` may go on, and this be gone, once it is set.
        runtime& in = of(*this);
        done_.store(true, std::memory_order_seq_cst);
        in.note_end();
        return nullptr;
    }

    task<T> task_;
    atomic<bool> done_{false};
};

template <class F, class... Args>
    requires is_task<std::invoke_result_t<F&, Args&...>>
auto runtime::run_at(std::source_location where, F&& main, Args&&... arguments) ->
    typename std::invoke_result_t<F&, Args&...>::value_type {
    using result = typename std::invoke_result_t<F&, Args&...>::value_type;
    const turn mine(*this);
    root<result> running(as_executor(), std::invoke(main, arguments...), where);
    drive(running, running, running.done());
    return running.take();
}

// Makes a runtime from the environment, runs the task that `main(arguments...)` gives, and gives
// what it gives.
template <class F>
    requires is_task<std::invoke_result_t<F&>>
auto run(F&& main, std::source_location where = std::source_location::current()) ->
    typename std::invoke_result_t<F&>::value_type {
    runtime here;
    return here.run_at(where, main);
}
template <class F, class A>
    requires is_task<std::invoke_result_t<F&, A&>>
auto run(F&& main, A&& a, std::source_location where = std::source_location::current()) ->
    typename std::invoke_result_t<F&, A&>::value_type {
    runtime here;
    return here.run_at(where, main, a);
}
template <class F, class A, class B>
    requires is_task<std::invoke_result_t<F&, A&, B&>>
auto run(F&& main, A&& a, B&& b, std::source_location where = std::source_location::current()) ->
    typename std::invoke_result_t<F&, A&, B&>::value_type {
    runtime here;
    return here.run_at(where, main, a, b);
}
template <class F, class A, class B, class C>
    requires is_task<std::invoke_result_t<F&, A&, B&, C&>>
auto run(F&& main, A&& a, B&& b, C&& c,
         std::source_location where = std::source_location::current()) ->
    typename std::invoke_result_t<F&, A&, B&, C&>::value_type {
    runtime here;
    return here.run_at(where, main, a, b, c);
}

// The same with options; the environment is not looked at.
template <class F>
    requires is_task<std::invoke_result_t<F&>>
auto run(runtime_options options, F&& main,
         std::source_location where = std::source_location::current()) ->
    typename std::invoke_result_t<F&>::value_type {
    runtime here(std::move(options));
    return here.run_at(where, main);
}

// `co_await this_runtime()`: the runtime of the running task. Never suspends.
class this_runtime {
public:
    bool await_ready() const noexcept { return false; }
    template <twill_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
        runtime_ = &runtime::of(self.promise().current_context());
        return false;
    }
    [[nodiscard]] runtime& await_resume() const noexcept { return *runtime_; }

private:
    runtime* runtime_ = nullptr;
};

}  // namespace twill::inline TWILL_ABI
