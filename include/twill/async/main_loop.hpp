// main_loop: tasks on somebody else's event loop, such as that of a user interface.
//
//     // GLib; a global, used in the main thread:
//     twill::main_loop ui([] { g_idle_add([](void*) -> gboolean { ui.drain(); return false; }, 0);
//     });
//     // Qt: twill::main_loop ui([] { QMetaObject::invokeMethod(qApp, [] { ui.drain(); },
//     //                                                        Qt::QueuedConnection); });
//     std::thread background([] { twill::run(program, std::ref(ui)); });
//     gtk_main();
//
//     // in a task of the program:
//     std::string text = co_await fetch(url);
//     co_await ui.run([&] { label.set_text(text); });            // in the main thread
//     co_await ui.run([&]() -> twill::task<> {                   // all of it there
//         button.set_sensitive(false);
//         label.set_text(co_await fetch(url));
//         button.set_sensitive(true);
//     });
//
// It needs two functions: `poke`, which it calls from any thread when there is something to do, and
// which makes the loop call `drain` soon; and `drain`, which does it. Tasks that run there are part
// of the task that waits for them, and are cancelled with it; their sleeps, I/O, `compute` and
// `blocking` are done by its runtime, whose own tasks go on meanwhile. Calls that block (such as
// `lock_blocking`) are refused there, as on an event thread.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/cancellation.hpp>
#include <twill/core/cancelled.hpp>
#include <twill/core/config.hpp>
#include <twill/core/context.hpp>
#include <twill/core/executor.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/core/promise.hpp>
#include <twill/core/runnable.hpp>
#include <twill/core/task.hpp>

#include <coroutine>
#include <functional>
#include <source_location>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {

namespace detail {
class main_loop_job;
template <class F>
struct main_loop_call;
}  // namespace detail

class TWILL_API main_loop final : private executor {
public:
    // `poke()` is called by any thread, once until the next `drain`, also under locks of twill's:
    // it must not throw, block, or use twill. A `drain` inside of it ends the program.
    explicit main_loop(std::function<void()> poke);
    // Only when nothing runs in it, and `drain` has returned.
    ~main_loop();
    main_loop(const main_loop&) = delete;
    main_loop& operator=(const main_loop&) = delete;

    // Runs what was ready when it was called, and pokes again if there is more by then. In the
    // loop's thread, always the same, which runs no tasks of a runtime. What runs there may turn
    // the loop itself (a modal dialog): the others go on meanwhile. Never throws.
    void drain() noexcept;

    // `co_await run(f)`, in a task of a runtime: calls `f()` in the loop's thread, awaits there
    // what it gives if that is a task, and gives the result. Cancelled as tasks are: the call ends
    // when what runs in the loop has ended; if it had not begun, `f` is not called. Throws what
    // `f` throws; usage_error, if the loop was used by another runtime before.
    template <class F>
    [[nodiscard]] detail::main_loop_call<F> run(
        F f, std::source_location where = std::source_location::current()) {
        return {this, std::move(f), where};
    }

private:
    friend class detail::main_loop_job;

    void post(runnable& work) noexcept override;
    bool arm(timer& what) noexcept override;
    bool disarm(timer& what) noexcept override;
    bool may_continue() noexcept override;
    bool may_resume() noexcept override;
    reactor& io() noexcept override;
    executor& pools() noexcept override;

    // Makes `from` the one that has timers, I/O and pools for what runs here.
    void borrow(executor& from);
    executor& as_executor() noexcept { return *this; }
    void poke() noexcept;
    void poke_once() noexcept;  // under the lock

    std::function<void()> poke_;
    futex_mutex lock_;
    runnable_queue ready_;  // guarded by it
    bool poked_ = false;    // guarded by it
    // Of the loop's thread: what it has taken and not run yet.
    runnable_queue taken_;
    unsigned budget_ = 0;
    atomic<executor*> lender_{nullptr};
};

namespace detail {

// What runs in the loop is a branch of its own, below the waiting task's context.
class TWILL_API main_loop_job : public operation {
protected:
    main_loop_job(main_loop& in, std::source_location where) noexcept
        : operation("run in a main loop"), in_(&in), there_(*this, in.as_executor(), where) {}
    ~main_loop_job() = default;

    // Before it is started. Throws usage_error.
    template <class T>
    void take(task<T>& work, context& caller) {
        in_->borrow(caller.home().pools());
        work.handle().promise().begin_in(there_);
        there_.work = work.handle();
    }

private:
    class there final : public branch, public runnable {
    public:
        there(main_loop_job& by, executor& home, std::source_location where) noexcept
            : branch(home, where), runnable(&there::begin), by_(&by) {}
        using context::attach_to;
        std::coroutine_handle<> work;

    private:
        static void begin(runnable& self) noexcept;
        std::coroutine_handle<> ended() noexcept override;
        main_loop_job* by_;
    };

    bool start() noexcept override;
    // What runs there is cancelled through the tree, and ends by itself.
    void cancel() noexcept override {}

    main_loop* in_;
    there there_;
};

template <class F>
class main_loop_operation final : public main_loop_job {
    using given = std::invoke_result_t<F&>;
    template <class T>
    struct awaited_there {
        using type = T;
    };
    template <class T>
    struct awaited_there<task<T>> {
        using type = T;
    };
    using result = typename awaited_there<given>::type;

public:
    main_loop_operation(main_loop& in, F function, std::source_location where)
        : main_loop_job(in, where), work_(call(std::move(function))) {}
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> self) {
        context& owner = self.promise().current_context();
        take(work_, owner);
        return begin(self, owner);
    }
    result await_resume() {
        throw_if_refused();
        return work_.handle().promise().take();
    }

private:
    static task<result> call(F function) {
        const context& here = co_await detail::current();
        if (here.cancel_requested()) throw cancelled();
        if constexpr (is_task<given>)
            co_return co_await std::invoke(function);
        else
            co_return std::invoke(function);
    }

    task<result> work_;
};

template <class F>
struct [[nodiscard("it runs when it is awaited")]] main_loop_call {
    main_loop* in;
    F function;
    std::source_location where;
    main_loop_operation<F> operator co_await() && {
        return main_loop_operation<F>(*in, std::move(function), where);
    }
};

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
