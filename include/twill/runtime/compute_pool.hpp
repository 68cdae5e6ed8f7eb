// The compute pool: threads that run plain functions in parallel, one per CPU that the program may
// use. Most programs never name it: `co_await compute(fn)` and the calls of `twill::par` find the
// pool they belong to.
//
//     twill::compute_pool pool({.workers = 2});
//     twill::compute_pool::membership here(pool);       // par:: calls of this thread use `pool`
//     twill::par::for_each(rows, normalise);
//
// Threads are named "twill-compute-N", start when work first wants them and sleep while there is
// none: an idle pool has no timer and polls nothing.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/core/time.hpp>
#include <twill/runtime/detail/compute_context.hpp>
#include <twill/runtime/detail/work_count.hpp>
#include <twill/runtime/lanes.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace twill::inline TWILL_ABI {

namespace detail {
class compute_core;
class cpu_source;
class thread_watch;
struct io_activity;
}  // namespace detail

// Which of several regions gets the cores, when not all can have them.
//
//  - `interactive`: somebody waits for the answer. Served first; threads that compute for less step
//    aside for it at their next beat (0.1 ms), for 4 ms at a time at most, and then go on for a
//    millisecond at least: what they hold, a lock perhaps, may be what it needs.
//  - `background`: steps aside for all others.
//
// Regions of one priority start in the order of their arrival.
enum class priority : std::uint8_t { background, normal, interactive };

struct compute_pool_options {
    // How many threads compute at a time; 0: as many as there are usable CPUs, of which some may
    // come and go: once a second, while work runs, a look is taken. A thread that is one too many
    // ends the job that it is in first.
    unsigned workers = 0;
    // How many threads there may be, those that wait in mid-frame (in a join, in a
    // blocked_section) included; 0: 4 for each worker that there is at the time, and 16. At this
    // limit nobody takes the core of a thread that waits, and what it offered is run by itself
    // later.
    unsigned max_threads = 0;
    // How long the queue may stand still before a region gets a thread beyond `workers`, so that it
    // is not stuck behind longer ones; the kernel then divides the cores. `duration::max()`: for
    // ever, so that never more than `workers` threads compute, but for those that come back from
    // waiting in mid-frame.
    duration patience = std::chrono::milliseconds(10);
    // What the threads do for those that serve I/O.
    twill::lanes lanes = lanes::give_way;
    // Who that is; null: nobody, and nobody is given way to. A runtime sets it for its own pool.
    detail::io_activity* gives_way_to = nullptr;
    // Takes reports, a line each, on a thread of the pool. Empty: nothing is reported.
    std::function<void(std::string_view)> report = {};
    // Threads of low weight that get less than a tenth of a CPU for so long are starved: others, of
    // normal weight, go on with the work.
    duration starved_after = std::chrono::milliseconds(100);
    // Stands in for the kernel's word on threads in tests. Null: the kernel's.
    detail::thread_watch* watch = nullptr;
    // The same for the number of usable CPUs.
    detail::cpu_source* cpus = nullptr;
};

// A function to be run on the pool, with everything that the pool needs to keep about it: the pool
// allocates nothing. The owner embeds it and keeps it alive until `complete` is called.
//
//  - `execute` runs the function, on a worker. It must catch what the function throws, `cancelled`
//    included.
//  - `complete` is called exactly once, as the pool's last access to the region: it may free it. It
//    runs on the worker after `execute` (and after every fork of it has ended), or, when the region
//    was stopped before it started, on the thread that called request_stop, or on a worker.
class TWILL_API region {
public:
    using execute_function = void (*)(region&, detail::compute_context&) noexcept;
    using complete_function = void (*)(region&) noexcept;

    // `file` and `line`, or `name` if there is one, appear in traces and profiles; they must live
    // for ever.
    region(execute_function execute, complete_function complete, const char* file = "",
           std::uint32_t line = 0, priority urgency = priority::normal,
           twill::lane lane = lane::normal, const char* name = "") noexcept
        : execute_(execute),
          complete_(complete),
          name_(name),
          file_(file),
          line_(line),
          urgency_(urgency),
          lane_(lane) {}
    region(const region&) = delete;
    region& operator=(const region&) = delete;

    // Asks the region to stop. Not started yet: it never will, and `complete` is called before this
    // returns, by the caller. Running: its forks and loops throw `cancelled` at their next beat
    // (about 100 us). Ended: nothing. Any thread, any number of times; the region must not be freed
    // meanwhile by anything but the `complete` that this call makes.
    void request_stop() noexcept;

    [[nodiscard]] bool stop_requested() const noexcept {
        // Acquire pairs with the release in request_stop: who sees the request sees its reason.
        return stop_.load(std::memory_order_acquire);
    }

    // Whether `execute` was called. To be asked in or after `complete`.
    [[nodiscard]] bool started() const noexcept { return started_; }

protected:
    ~region() = default;

private:
    friend class detail::compute_core;
    friend class compute_pool;

    execute_function execute_;
    complete_function complete_;
    const char* name_;
    const char* file_;
    std::uint32_t line_;
    priority urgency_;
    twill::lane lane_;
    bool started_ = false;
    bool queued_ = false;  // under the core's lock, like the two links
    region* before_ = nullptr;
    region* behind_ = nullptr;
    // False, then true once. See stop_requested.
    atomic<bool> stop_{false};
    // Null until submitted; released by `submit` for request_stop, which acquires it.
    atomic<detail::compute_core*> core_{nullptr};
};

class TWILL_API compute_pool {
public:
    // Starts no thread. Throws std::bad_alloc, and usage_error for a nice level that is none.
    explicit compute_pool(compute_pool_options options = {});
    // Every region must have ended and every membership must be gone. Joins the threads.
    ~compute_pool();
    compute_pool(const compute_pool&) = delete;
    compute_pool& operator=(const compute_pool&) = delete;

    // Queues `work`. Any thread. Throws std::system_error, and has not
    // queued it, if the pool has no thread at all and the system refuses to start one.
    void submit(region& work);

    // What its threads have done so far, on all lanes; of plain threads in regions of their own the
    // forks alone.
    struct statistics {
        // Begun: what `compute` and `submit` gave it.
        std::uint64_t regions = 0;
        // Forks that were put where others can take them.
        std::uint64_t promotions = 0;
        // Forks that were run by another thread than the one that made them.
        std::uint64_t steals = 0;
        // How often a thread found nothing to run and went to sleep.
        std::uint64_t parks = 0;
        // How long its threads were not asleep, all together, whether or not they had a CPU. With
        // two workers that compute all the time it grows by two seconds in a second.
        duration busy{};
    };
    // Any thread; linear in the number of threads. The figures are of about the same moment.
    [[nodiscard]] statistics stats() const noexcept;

    [[nodiscard]] unsigned workers() const noexcept;
    // How many threads were started so far, on all lanes. Any thread.
    [[nodiscard]] unsigned threads() const noexcept;

    // The pool that par:: calls of the calling thread use.
    [[nodiscard]] static compute_pool& current();
    // The pool of threads that belong to no other: made when first asked for, never destroyed.
    [[nodiscard]] static compute_pool& default_pool();

    // While it lives, par:: calls of the thread that made it use `pool`: the thread runs its part
    // itself and the pool's threads help. Made and destroyed by one thread, like a lock guard.
    class TWILL_API membership {
    public:
        explicit membership(compute_pool& pool);
        ~membership();
        membership(const membership&) = delete;
        membership& operator=(const membership&) = delete;

    private:
        detail::compute_worker* guest_;
        detail::compute_context* worker_before_;
        detail::compute_context* inside_before_;
    };

private:
    [[nodiscard]] detail::compute_core& of(lane which);
    [[nodiscard]] detail::compute_core& make_foreign_lane();

    const compute_pool_options options_;
    const std::unique_ptr<detail::compute_core> core_;
    // Null until first asked for. Released by the exchange that sets it, acquired by `of`.
    atomic<detail::compute_core*> foreign_{nullptr};
    mutable detail::never_back busy_;
};

}  // namespace twill::inline TWILL_ABI
