// Several event workers, as many as the queues' delay asks for: the event pool of a runtime with
// `event_threads` above 1. See src/runtime/crew.md.
//
// The host, the thread that called `run`, drives the first worker, and comes and goes with the run.
// Each further worker is a place for a thread that is called when ready tasks wait too long, takes
// half of another's, and leaves when it finds nothing.
//
// Where ready work waits. Each worker has a ring, first in, first out, from which others steal. All
// else goes onto `injected_`, a stack, and from there, oldest first, into `shared_`: posts of other
// threads, and what the ring has no place for. While anything is there, workers put what becomes
// ready behind it too, instead of into their rings, so work keeps its order however much of it
// there is; and each takes a few at a time, so that none of it waits longer than other.
//
// Sleeping. One worker at a time has the turn at the reactor (`polling_`) and may sleep in it. Of
// the others the host parks, and the rest leave. No work is overlooked, because:
//   1. A worker sleeps or leaves only with an empty ring, and after it has found `injected_` and
//      `shared_` empty. What it or another worker puts there later, that one looks for itself
//      before it sleeps. So only posts of other threads can come too late for all.
//   2. Who goes to sleep in the reactor announces it, then looks; the poster pushes, then looks:
//   one
//      of the two sees the other (`injected_work`).
//   3. Somebody is awake or sleeps in the reactor at any time during a run. Who finds the turn at
//      the reactor taken leaves it to whoever has it, who sleeps there or comes round to it. A
//      thread that leaves while it has the turn gives it up, then looks whether the host is parked,
//      and wakes it; the host says that it is parked, then looks whether the turn is free. All are
//      sequentially consistent, so one of the two sees the other.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/core/executor.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/core/reactor.hpp>
#include <twill/core/runnable.hpp>
#include <twill/runtime/detail/injected_work.hpp>
#include <twill/runtime/detail/io_activity.hpp>
#include <twill/runtime/detail/steal_ring.hpp>
#include <twill/runtime/detail/timer_wheel.hpp>
#include <twill/runtime/detail/watched_worker.hpp>
#include <twill/runtime/detail/work_count.hpp>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace twill::inline TWILL_ABI::detail {

class event_crew;

// Where further threads come from.
class thread_source {
public:
    // Runs `work` on a thread of its own, soon. False: none is to be had.
    virtual bool call(runnable& work) noexcept = 0;
    // True: `work` has not begun, and never will.
    virtual bool take_back(runnable& work) noexcept = 0;

protected:
    ~thread_source() = default;
};

class TWILL_API crew_worker final : public watched_worker {
public:
    explicit crew_worker(event_crew& of) noexcept;

    void note_region() override;
    [[nodiscard]] bool somebody_waits() noexcept override;
    // Calls another.
    bool want_relief(std::uint64_t turn) noexcept override;

    // What it has done, for runtime::stats.
    [[nodiscard]] const own_count& tasks_run() const noexcept { return tasks_run_; }
    [[nodiscard]] const own_count& steals() const noexcept { return steals_; }
    [[nodiscard]] const own_count& parks() const noexcept { return parks_; }
    [[nodiscard]] const own_busy_time& busy() const noexcept { return busy_; }

private:
    friend class event_crew;

    // Runs on a thread that was called.
    struct boarding final : runnable {
        explicit boarding(crew_worker& to) noexcept : runnable(&boarding::execute), worker(to) {}
        static void execute(runnable& self) noexcept;
        crew_worker& worker;
    };
    // Waits among the ready tasks and measures for how long.
    struct probe final : runnable {
        probe() noexcept : runnable(&probe::execute) {}
        static void execute(runnable& self) noexcept;
        time_point sent{};  // by who sends it, while it does not wait
        atomic<bool> waits{false};
        atomic<bool> was_late{false};
        duration limit{};
    };

    event_crew& crew_;
    steal_ring<256> ring_;
    boarding boarding_{*this};
    probe probe_;
    unsigned turn_length_ = 0;
    unsigned late_looks_ = 0;
    // Whether a thread drives it, or is called to. Changed from false by one who calls.
    atomic<bool> taken_{false};
    atomic<std::uint64_t> turns_begun_{0};  // of the host, for who wonders whether it is stuck
    own_count tasks_run_;
    own_count steals_;
    own_count parks_;
    own_busy_time busy_;
};

struct event_crew_options {
    unsigned most_threads = 2;
    // How long ready tasks may wait before another thread is called.
    duration delay_limit = std::chrono::microseconds(200);
    std::function<void()> on_region = {};
    bool short_slice = false;
    // Whether somebody looks at its workers at each tick.
    bool watched = false;
    // As event_worker_options::timer_coalescing.
    duration timer_coalescing = duration::zero();
};

class TWILL_API event_crew {
public:
    event_crew(reactor& io, thread_source& threads, event_crew_options options);
    ~event_crew();
    event_crew(const event_crew&) = delete;
    event_crew& operator=(const event_crew&) = delete;

    // Queues work behind what is ready. Any thread.
    void post(runnable& work) noexcept {
        if (!post_here(work)) inject(work);
    }
    // The same in two parts: on a thread of the crew (on others it does nothing, and gives false),
    // and on any.
    bool post_here(runnable& work) noexcept;
    void inject(runnable& work) noexcept;
    // As executor::arm and executor::disarm. Any thread.
    bool arm(timer& what) noexcept;
    bool disarm(timer& what) noexcept { return timers_.disarm(what); }
    [[nodiscard]] io_activity& activity() noexcept { return activity_; }

    // As event_worker::drive. When it returns, no thread is in the crew.
    void drive(const atomic<bool>& done) noexcept;
    // `done` was set. Any thread.
    void end() noexcept;

    // The first is the host's.
    [[nodiscard]] const std::vector<std::unique_ptr<crew_worker>>& workers() const noexcept {
        return workers_;
    }
    // Threads that are in the crew, or called to it.
    [[nodiscard]] unsigned threads() const noexcept {
        return 1 + further_.load(std::memory_order_relaxed);
    }
    // How often one was called.
    [[nodiscard]] std::uint64_t calls() const noexcept {
        return calls_.load(std::memory_order_relaxed);
    }

private:
    friend class crew_worker;
    // A thread in a worker's place.
    struct place;

    void board(crew_worker& at) noexcept;
    void work(place& here) noexcept;
    void wake_up(crew_worker& self) noexcept;
    void run_ready(place& here) noexcept;
    void look_round(place& here) noexcept;
    void fire_timers(place& here, time_point at) noexcept;
    void add_due(timer& first) noexcept;
    [[nodiscard]] timer* next_due() noexcept;
    [[nodiscard]] bool is_eager() const noexcept;
    [[nodiscard]] unsigned longest_turn() const noexcept;
    void watch_delay(crew_worker& self, time_point at, duration took) noexcept;
    [[nodiscard]] bool find_work(crew_worker& self) noexcept;
    [[nodiscard]] bool take_shared(crew_worker& self) noexcept;
    // False: the thread leaves.
    [[nodiscard]] bool rest(place& here) noexcept;
    [[nodiscard]] bool sleep_in_reactor(place& here) noexcept;
    static void fall_asleep(crew_worker& self) noexcept;
    static void awake_again(place& here) noexcept;
    void park_host() noexcept;
    [[nodiscard]] bool wake_host() noexcept;
    [[nodiscard]] bool wake_poller() noexcept;
    void call_one() noexcept;
    std::size_t poll(duration limit) noexcept;
    [[nodiscard]] bool over() const noexcept { return done_->load(std::memory_order_seq_cst); }
    [[nodiscard]] bool anything_shared() const noexcept {
        return injected_.any() || shared_count_.load(std::memory_order_relaxed) != 0;
    }

    const unsigned born_in_;  // generation of forks: see fork_guard.hpp
    reactor& io_;
    thread_source& threads_;
    const event_crew_options options_;
    timer_wheel timers_;
    io_activity activity_;
    atomic<bool> region_noted_{false};
    std::vector<std::unique_ptr<crew_worker>> workers_;
    // By the host, before anybody is called.
    const atomic<bool>* done_ = nullptr;
    sigset_t signals_of_host_{};  // what it blocks
    atomic<std::uint32_t> further_{0};
    atomic<std::uint64_t> calls_{0};

    futex_mutex sharing_;
    runnable_queue shared_;  // guarded by sharing_
    atomic<std::size_t> shared_count_{0};

    alignas(64) injected_work injected_;
    // Timers that have expired and not fired yet, oldest first: each is fired by whoever comes
    // next, so none waits behind the work of another.
    futex_mutex firing_;
    timer* first_due_ = nullptr;  // these two guarded by firing_
    timer* last_due_ = nullptr;
    atomic<bool> any_due_{false};  // written under the lock; who sees an old value looks again

    alignas(64) atomic<bool> polling_{false};
    // Somebody was woken or called, and has not looked for work yet.
    atomic<bool> called_{false};
    // 1: the host sleeps, or is about to, until it is set to 0.
    atomic<std::uint32_t> host_parked_{0};
};

}  // namespace twill::inline TWILL_ABI::detail
