// What runs tasks: a queue of ready ones, the timers, and the turn at the reactor. A worker is not
// its thread: a thread mounts it and drives it, and nothing in it belongs to a particular thread.
//
// Ready work that comes from the driving thread goes into `local_`, without atomics. Work from
// other threads goes onto `injected_`, a stack that is taken whole and turned round. See there why
// none is missed by a worker that goes to sleep in the reactor; timers that are armed by another
// thread do the same around the wheel's lock.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/core/executor.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/core/reactor.hpp>
#include <twill/core/runnable.hpp>
#include <twill/runtime/detail/injected_work.hpp>
#include <twill/runtime/detail/io_activity.hpp>
#include <twill/runtime/detail/tenure.hpp>
#include <twill/runtime/detail/timer_wheel.hpp>
#include <twill/runtime/detail/watched_worker.hpp>
#include <twill/runtime/detail/work_count.hpp>

#include <csignal>
#include <cstdint>
#include <functional>

namespace twill::inline TWILL_ABI::detail {

struct event_worker_options {
    // Called the first time that a region of parallel work is begun on the thread that drives the
    // worker.
    std::function<void()> on_region = {};
    // Not zero: somebody looks at the worker at each tick, for tasks that hold it longer than this.
    // The worker then sees to it that there are ticks while it runs something.
    duration watch_limit = duration::zero();
    // Whether another thread may take it from one that does not come back.
    bool can_be_taken = false;
    // Called on the thread that drives the worker when it has slept so long without a timer, and
    // nothing came; once until something runs again. True: it was told to somebody, who was wrong
    // if something runs again; the next time after twice as long.
    duration stall_limit = never - time_point();
    std::function<bool()> on_stall = {};
    // How much later than their deadlines timers may fire in order to fire together.
    duration timer_coalescing = duration::zero();
    // Whether threads that drive it ask the kernel for short time slices: see thread_slice.hpp.
    bool short_slice = false;
};

class TWILL_API event_worker final : public watched_worker {
public:
    explicit event_worker(reactor& io, event_worker_options options = {}) noexcept;
    event_worker(const event_worker&) = delete;
    event_worker& operator=(const event_worker&) = delete;

    // Whether the calling thread drives a worker.
    static bool on_this_thread() noexcept;

    // Queues work behind what is ready. Any thread.
    void post(runnable& work) noexcept {
        if (!post_here(work)) inject(work);
    }
    // The same in two parts: on the thread that drives the worker (on others it does nothing, and
    // gives false), and on any.
    bool post_here(runnable& work) noexcept;
    [[gnu::noinline]] void inject(runnable& work) noexcept;

    // As executor::arm and executor::disarm. Any thread.
    bool arm(timer& what) noexcept;
    bool disarm(timer& what) noexcept { return timers_.disarm(what); }

    // As executor::may_continue. On a thread that drives a worker.
    static bool may_continue() noexcept;
    // As executor::may_resume. Any thread.
    static bool may_resume() noexcept;

    void note_region() override;

    // What it has done, for runtime::stats.
    [[nodiscard]] const own_count& tasks_run() const noexcept { return tasks_run_; }
    [[nodiscard]] const own_count& parks() const noexcept { return parks_; }
    [[nodiscard]] const own_busy_time& busy() const noexcept { return busy_; }

    // What others may know of its turns at the reactor.
    [[nodiscard]] io_activity& activity() noexcept { return activity_; }

    // Mounts the worker on the calling thread, which must drive no other, and runs ready work,
    // timers and I/O until `done`. Should another thread take the worker meanwhile, it waits, once
    // it has come back, until it gets the worker again or it is over.
    void drive(const atomic<bool>& done) noexcept;
    // `done` was set. Any thread.
    void end() noexcept;

    // ---- taking over; see event_hand_over.cpp

    bool want_relief(std::uint64_t turn) noexcept override;
    void relief_refused() noexcept override;
    // Takes the worker from the holder if it has not come back meanwhile, and drives it.
    void relieve() noexcept override;
    [[nodiscard]] std::uint64_t hand_overs() const noexcept {
        return hand_overs_.load(std::memory_order_relaxed);
    }

    // While it lives, the calling thread keeps the worker even if it takes long.
    class TWILL_API visit {
    public:
        explicit visit(event_worker& to) noexcept;
        ~visit();
        visit(const visit&) = delete;
        visit& operator=(const visit&) = delete;
        // Whether nobody else runs a task of this worker.
        [[nodiscard]] bool alone() const noexcept { return alone_; }

    private:
        event_seat* seat_ = nullptr;
        bool alone_ = false;
    };

    [[nodiscard]] bool somebody_waits() noexcept override;

private:
    // Pieces of work between two looks at timers, reactor and injected work.
    static constexpr unsigned turn_length = 61;
    // By a thread that was asked to relieve the holder, before it goes home.
    static constexpr int attempts_to_take = 4;

    [[gnu::noinline]] void post_from_seat(event_seat& seat, runnable& work) noexcept;
    [[gnu::cold, gnu::noinline]] static bool may_go_further(event_seat& seat) noexcept;
    [[gnu::noinline]] void wake_up() noexcept;
    void note_length(duration of_turn) noexcept;
    [[nodiscard]] bool over() const noexcept { return done_->load(std::memory_order_seq_cst); }
    void pass_on() noexcept;
    [[nodiscard]] bool take_from_holder() noexcept;
    void fire_the_rest() noexcept;
    // These three: false if the worker was lost.
    [[nodiscard]] bool turn_until_done(event_seat& seat) noexcept;
    [[nodiscard]] bool run_ready(event_seat& seat) noexcept;
    [[nodiscard]] bool fire_timers(event_seat& seat, time_point at) noexcept;
    [[nodiscard]] bool come_in(event_seat& seat) noexcept;
    void park() noexcept;
    // How many completions it brought.
    std::size_t poll(duration limit) noexcept;
    void sleep_without_timers() noexcept;
    void wake_if_asleep() noexcept { static_cast<void>(injected_.wake(io_)); }

    const unsigned born_in_;  // generation of forks: see fork_guard.hpp
    const std::function<void()> on_region_;
    atomic<bool> region_noted_{false};
    const std::function<bool()> on_stall_;
    duration stall_limit_;
    bool stall_noted_ = false;
    const duration watch_limit_;
    const bool can_be_taken_;
    const bool short_slice_;
    runnable_queue local_;
    timer* due_ = nullptr;  // expired, not yet fired
    bool held_up_ = false;  // a turn took longer than the limit, once
    reactor& io_;
    timer_wheel timers_;
    io_activity activity_;
    // Written by the thread that holds the worker.
    own_count tasks_run_;
    own_count parks_;
    own_busy_time busy_;
    // Guarded by mounting_.
    bool relief_wanted_ = false;
    std::uint64_t relief_of_ = 0;

    // By the thread that called `drive`, before it mounts.
    const atomic<bool>* done_ = nullptr;
    sigset_t signals_of_host_{};  // what it blocks; if another can take the worker
    atomic<std::uint64_t> hand_overs_{0};
    atomic<unsigned> strays_{0};  // threads that lost the worker and still run a task
    // That thread has come back and waits for the worker.
    atomic<bool> wanted_back_{false};
    atomic<std::uint32_t> passed_on_{0};  // 1: the worker was given back to it, or is over
    alignas(64) injected_work injected_;
};

}  // namespace twill::inline TWILL_ABI::detail
