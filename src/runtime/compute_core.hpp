// Inside the compute pool: a worker's full state, and what the workers of a pool share.
// The protocol as a whole is told in README.md.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/runtime/blocked_section.hpp>
#include <twill/runtime/compute_pool.hpp>
#include <twill/runtime/detail/compute_context.hpp>
#include <twill/runtime/detail/io_activity.hpp>
#include <twill/runtime/detail/ticker.hpp>

#include <cstdint>
#include <optional>

#include "compute_offer.hpp"
#include "compute_parker.hpp"
#include "cpu_source.hpp"
#include "fork_guard.hpp"
#include "giving_way.hpp"
#include "lane_rule.hpp"
#include "looks.hpp"
#include "own_thread.hpp"
#include "quota_pace.hpp"
#include "thread_weight.hpp"
#include "work_report.hpp"

namespace twill::inline TWILL_ABI {
namespace detail {

class compute_core;

// One thread that computes: a thread of the pool, or a guest (a plain thread inside its own
// region). Workers stay in memory as long as their pool, so a pointer to one is always good: a
// guest's is handed to the next guest when its thread leaves.
class compute_worker final : public compute_context {
public:
    compute_worker(compute_core& core, unsigned number, bool guest) noexcept;

    // Everything down to `poke` is for the worker's own thread only.

    // Called on every way into the pool, and wherever a thread might wait for another: in a child
    // of the process that made the pool, nobody would come.
    void end_if_forked() const noexcept {
        detail::end_if_forked(born_in_, forked_after::compute_pool);
    }

    // Puts the oldest entry that has something to give on offer, unless something is already.
    void offer_oldest(std::memory_order order) noexcept;
    void run(region& work, region::execute_function execute, const region_label& label) noexcept;
    void run(fork_job& job) noexcept;
    // Returns when `job`, which another thread has taken, has ended.
    void wait_for(fork_job& job) noexcept;
    // From here / until here this thread uses a core.
    void get_on_core() noexcept {
        const std::uint32_t before = activity_.load(std::memory_order_relaxed);
        activity_.store(before + 1, std::memory_order_relaxed);
        cold_ = ticker::process().arm(activity_);
        see_whether_io_is_served();
    }
    void get_off_core() noexcept {
        const std::uint32_t before = activity_.load(std::memory_order_relaxed);
        activity_.store(before + 1, std::memory_order_relaxed);
    }
    // The same, for a while, of a thread that goes to sleep, or blocks. A thread of the pool looks
    // at the clock then, to tell how busy it is.
    void pause_on_core() noexcept {
        get_off_core();
        if (!guest_) busy_.end(now());
    }
    void go_on_on_core() noexcept {
        if (!guest_) busy_.begin(now());
        get_on_core();
    }
    // As compute_context's.
    bool glance() noexcept;
    void see_whether_io_is_served() noexcept;
    time_point rest_for_quota(time_point at) noexcept;
    // Throws `cancelled` if it is due.
    void obey_stop_request() const;
    std::uint32_t take_poke() noexcept;
    bool has_more_than_trifles() noexcept;
    // The first fork from here on is offered at once.
    void begin_sharing() noexcept {
        first_fork_ = true;
        poke_.store(poked_by_start, std::memory_order_relaxed);
    }

    // ---- work_meter.cpp: what happens instead while the region is measured
    void begin_measured(work_meter& meter, fork_marker& place) noexcept;
    void end_measured(work_meter* around, fork_marker& place) noexcept;
    void beat_measured();
    void run_measured(fork_job& job) noexcept;
    void begin_row(const region_label& label) noexcept { measured_.emplace(*this, label); }
    void end_row() noexcept { measured_.reset(); }

    void poke() noexcept { poke_.store(poked_by_tick, std::memory_order_relaxed); }
    // These two: written only if it is news, since the line is the owner's.
    void poke_if_news() noexcept {
        if (poke_.load(std::memory_order_relaxed) < poked_by_tick) poke();
    }
    // As `poke`, for a thread that does not have to be woken.
    void ask() noexcept {
        if (poke_.load(std::memory_order_relaxed) < poked_by_hungry)
            poke_.store(poked_by_hungry, std::memory_order_relaxed);
    }
    // Of the region that it computes for, or computed for last.
    [[nodiscard]] priority urgency() const noexcept {
        return urgency_.load(std::memory_order_relaxed);
    }

private:
    time_point give_way(time_point at) noexcept;

    friend class compute_core;
    friend class compute_context;
    friend class twill::compute_pool;
    friend class twill::blocked_section;

    void share(fork_job& job, const fork_marker& place, std::memory_order order) noexcept;
    void unlink(fork_entry& entry) noexcept;
    void push_marker(fork_marker& place, fork_job* job, region* stop) noexcept;
    void pop_marker(fork_marker& place) noexcept;
    // A job on offer that helps `awaited` along, now this worker's.
    fork_job* part_of(const fork_job& awaited) noexcept;

    compute_core& core_;
    const unsigned born_in_ = fork_generation();
    const unsigned number_;
    const bool guest_;
    unsigned blocked_ = 0;      // how many blocked_sections are open
    time_point stays_until_{};  // and does not step aside before
    bool fresh_ = false;        // has done nothing yet since it was woken
    // How long it may look around for work before it sleeps.
    duration may_look_ = longest_look;
    unsigned beats_let_pass_ = 0;
    bool first_fork_ = false;  // no beat since it began a region or a job
    // To whom it gives way; null: to nobody. Constant while the thread works.
    io_activity* io_;
    // Meaningful while it gives way to those who serve I/O.
    giving_way giving_way_;
    time_point glanced_{};
    std::uint64_t seen_turns_ = 0;
    time_point turned_{};             // when a change of them was last seen
    compute_worker* next_ = nullptr;  // in the list of all workers; constant once in it
    // Its region, if that is measured.
    std::optional<measured_region> measured_;

    // Written by its thread, for compute_pool::stats.
    own_count regions_;
    own_count promotions_;
    own_count steals_;
    own_count parks_;
    own_busy_time busy_;

    alignas(64) compute_offer offer_;
    // Odd while the thread uses a core; each change counts, so that the ticker also sees work that
    // begins and ends between two ticks. Written by the worker's thread. Relaxed: ticker::arm has
    // the barrier that going on core needs; going off core needs none, but that of a guest that
    // waits, which is done under the core's lock.
    atomic<std::uint32_t> activity_{0};
    compute_parker parker_;
    // Written by the worker's thread between two jobs. Relaxed: others only prefer one to another.
    atomic<priority> urgency_{priority::normal};
    // How many of its jobs in a row were trifles to those who took them, up to a bound. Written by
    // them, read by the worker. Relaxed, and a lost update does no harm: it only tempers a rate.
    atomic<std::uint32_t> trifles_{0};

    // Under the core's lock.
    bool idle_ = false;
    compute_worker* idle_before_ = nullptr;
    compute_worker* idle_behind_ = nullptr;
    fork_job* awaited_ = nullptr;          // what it sleeps for, while it may be called for help
    compute_worker* help_whom_ = nullptr;  // the call: this worker's offer, while it is
    compute_offer::word help_what_ = 0;    // this one
    compute_worker* next_free_guest_ = nullptr;
    bool summoned_ = false;  // called for a region, and has not yet looked for one
    bool has_core_ = false;  // of the pool's; never true of a guest
    bool low_ = false;       // wants, or has, a low weight; constant while the thread works
    bool aside_ = false;     // has stepped aside
    bool recalled_ = false;  // from there, for a core that was free; read by its thread
    time_point aside_since_{};
    compute_worker* next_aside_ = nullptr;

    // Starved, and its core given to another thread. Set by the ticker under the core's lock,
    // cleared by the worker's own thread. Relaxed: it is only told to ask for its core back.
    atomic<bool> written_off_{false};

    // Written by the thread when it starts, before `identified_`, which releases it.
    thread_id id_{};
    atomic<bool> identified_{false};

    // The ticker's thread only.
    std::uint32_t seen_activity_ = 0;
    compute_offer::word seen_offer_ = 0;
    starvation starvation_;
    std::uint32_t watched_activity_ = 0;
    duration seen_ran_{};
    duration seen_waited_{};

    system_thread thread_;
};

// A core, in this class, is the right to compute: `workers_` threads may have one at a time. A
// thread gives it up when it is idle or sleeps in mid-frame, and a thread that wakes in mid-frame
// takes one even if none is free, because it may hold what others need; a thread between two jobs
// then steps back. Guests bring their own, but their cores count when help for jobs is called.
class compute_core final : public ticker_client {
public:
    // `options` are complete; `threads` is what its threads are called, and lives for ever.
    compute_core(compute_pool& pool, const compute_pool_options& options,
                 const char* threads = "twill-compute");
    ~compute_core();

    [[nodiscard]] compute_pool& pool() const noexcept { return pool_; }
    // Of those to whom workers of normal weight give way, or null.
    [[nodiscard]] io_activity* io() const noexcept { return io_; }
    [[nodiscard]] duration starved_after() const noexcept { return starved_after_; }
    // As compute_worker's, for calls from outside.
    void end_if_forked() const noexcept {
        detail::end_if_forked(born_in_, forked_after::compute_pool);
    }
    [[nodiscard]] unsigned workers() const noexcept {
        return workers_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] unsigned threads() const noexcept {
        return threads_.load(std::memory_order_relaxed);
    }

    // Adds what its threads have done.
    void add_to(compute_pool::statistics& sum, time_point at) const noexcept;

    void submit(region& work);
    void stop(region& work) noexcept;

    [[nodiscard]] compute_worker& admit_guest();
    void part_from_guest(compute_worker& guest) noexcept;

    pulse tick() noexcept override;

    // ---- compute_priority.cpp: who gets a core when not all can

    // At a beat of `self`: lets more urgent work have its core for a while, if there is any that
    // wants one.
    void step_aside(compute_worker& self) noexcept;
    // Whether regions of a lower priority than `urgency` are active.
    [[nodiscard]] bool anything_below(priority urgency) const noexcept {
        return least_urgent_.load(std::memory_order_relaxed) < urgency;
    }
    [[nodiscard]] priority most_urgent() const noexcept {
        return most_urgent_.load(std::memory_order_relaxed);
    }

    // ---- compute_quota.cpp: threads that compute rest below the CPU quota

    // Whether there is one that binds.
    [[nodiscard]] bool is_paced() const noexcept { return paced_.load(std::memory_order_relaxed); }
    // How long the caller, who computes, is to rest; then he says that it is over.
    [[nodiscard]] duration rest_due(time_point at) noexcept;
    void rest_is_over(duration rest) noexcept;

    // ---- compute_sleep.cpp: who sleeps, and who wakes whom

    // Wakes somebody who may run what `from`, the caller, has on offer.
    void invite(compute_worker& from) noexcept;
    // Sleeps until `job` has ended, or until there is a job that helps it along; that one is the
    // caller's then, and is returned.
    fork_job* sleep(compute_worker& self, fork_job& job) noexcept;
    void begin_block(compute_worker& self) noexcept;
    void end_block(compute_worker& self) noexcept;

private:
    // ---- compute_lane.cpp: threads of low weight, and those that take over when they are starved

    // Whether the thread has the weight that is wanted now. Exact under the lock.
    [[nodiscard]] bool fits(const compute_worker& worker) const noexcept {
        return worker.low_ == low_wanted_.load(std::memory_order_relaxed);
    }
    void take_weight(compute_worker& self) noexcept;
    void watch_weights(time_point at) noexcept;
    void watch_low(compute_worker& worker, time_point at) noexcept;
    void watch_normal(time_point at) noexcept;
    void write_off(compute_worker& worker, time_point at) noexcept;
    void come_back(compute_worker& self) noexcept;
    void report_starvation() noexcept;

    // ---- compute_cpus.cpp: as many threads compute as there are usable CPUs
    void follow_cpus(time_point at) noexcept;
    [[nodiscard]] unsigned usable_now() const noexcept;
    void follow_quota() noexcept;  // compute_quota.cpp

    enum class help_for { region, job };

    void thread_main(compute_worker& self) noexcept;
    void run(compute_worker& self, region& work) noexcept;
    void finish(region& work) noexcept;
    region* next_region(compute_worker& self) noexcept;
    bool has_come(compute_worker& self) noexcept;
    fork_job* steal_from_all(const compute_worker& thief, priority least) noexcept;
    [[nodiscard]] bool wants_core(priority above) const noexcept;
    bool still_aside(const compute_worker& self) noexcept;
    compute_worker* recall_for_want_of_urgent_work() noexcept;
    bool tick_priorities() noexcept;
    void recall_who_stood_aside_long_enough(time_point at) noexcept;
    void help_still_queue(time_point at) noexcept;
    [[nodiscard]] duration patience_with(const region& first) const noexcept;
    void hurry_queue() noexcept;
    void make_room_for(priority most) noexcept;
    void make_room_if_beyond(const compute_worker& self) noexcept;
    void recall_for_free_core() noexcept;
    [[nodiscard]] unsigned max_threads() const noexcept;
    bool ask_for_work(compute_worker& self) noexcept;
    fork_job* steal(const compute_worker& thief) noexcept;
    [[nodiscard]] bool anything_on_offer() const noexcept;
    [[nodiscard]] unsigned guests_on_core() const noexcept;

    // False when the pool is being destroyed.
    bool idle(compute_worker& self) noexcept;
    void rejoin(compute_worker& self) noexcept;
    bool still_idle(const compute_worker& self) noexcept;
    bool still_asleep(const compute_worker& self, const fork_job& job) noexcept;
    compute_worker* call_waiter(compute_worker& from) noexcept;
    bool wake_one(help_for what, bool may_start) noexcept;
    void wake_for_what_waits(const compute_worker& self) noexcept;
    // How many threads may have a core.
    [[nodiscard]] unsigned cores() const noexcept {
        return workers() + extra_.load(std::memory_order_relaxed);
    }
    // How many threads use a core, as far as `what` is concerned. Exact under the lock.
    [[nodiscard]] unsigned on_core(help_for what) const noexcept;

    // Under the lock.
    bool call_up(help_for what, bool may_start, compute_worker*& sleeper) noexcept;
    compute_worker* start_thread() noexcept;
    compute_worker* make_worker(bool guest) noexcept;
    void enqueue(region& work) noexcept;
    void unqueue(region& work) noexcept;
    [[nodiscard]] region* first_in_queue() const noexcept;
    void count_active(priority urgency, int change) noexcept;
    compute_worker* return_from_aside(compute_worker** link) noexcept;
    void link_idle(compute_worker& worker) noexcept;
    void unlink_idle(compute_worker& worker) noexcept;
    [[nodiscard]] compute_worker* fitting_idle() const noexcept;
    void give_up_core(compute_worker& self) noexcept;
    void take_core(compute_worker& self) noexcept;

    compute_pool& pool_;
    const unsigned born_in_ = fork_generation();
    const bool number_is_given_;  // by the program: of workers
    // Null: nothing of it is to be followed, neither the number of workers nor the quota.
    cpu_source* const cpus_;
    // Relaxed: who sees an old value works, or sleeps, a little longer.
    atomic<unsigned> workers_;
    const unsigned max_threads_;  // 0: by the number of workers
    const duration patience_;
    io_activity* const io_;
    const lanes weight_;
    const char* const thread_name_;
    const duration starved_after_;
    thread_watch& watch_;
    const std::function<void(std::string_view)> report_;

    // All workers, newest first; only ever grows. Released by the store of the first, acquired by
    // its load.
    atomic<compute_worker*> first_worker_{nullptr};

    // Over the queue, the list of idle threads, and who waits for what. Taken when work arrives
    // from outside and when a thread sleeps or is woken: never by a fork, a beat that finds nobody
    // to wake, or a steal.
    futex_mutex lock_;
    struct region_queue {
        region* first = nullptr;
        region* last = nullptr;
    };
    static constexpr std::size_t priorities = 3;
    region_queue queues_[priorities];
    unsigned active_[priorities] = {};  // regions in the queue and running
    // Threads that were called for a region and have not yet looked for one.
    unsigned summoned_ = 0;
    compute_worker* first_aside_ = nullptr;
    compute_worker* last_idle_ = nullptr;
    compute_worker* free_guest_ = nullptr;
    compute_worker* spare_worker_ = nullptr;  // whose thread was refused
    unsigned made_ = 0;
    bool stopping_ = false;
    // Written under the lock, read anywhere. `running_` counts the pool's own threads that hold a
    // core; a thread that starts or is woken is counted by whoever starts or wakes it, so two
    // wakers do not both take one core for free. `queued_` spares the lock when there is no region.
    // Both are seq_cst: see `invite` and `idle`.
    atomic<unsigned> running_{0};
    atomic<unsigned> queued_{0};
    atomic<unsigned> threads_{0};
    atomic<unsigned> guests_{0};
    bool weight_refused_ = false;  // by the kernel; under the lock
    // Whether threads of low weight are to work. Written under the lock.
    atomic<bool> low_wanted_;
    // Somebody has to say that they were starved. Relaxed: it carries nothing.
    atomic<bool> report_due_{false};
    // A thread of low weight found a region in the queue that wants a new thread: of the ticker.
    atomic<std::uint32_t> start_wanted_{0};
    // How many threads beyond `workers_` may have a core, for a queue that stood still.
    atomic<unsigned> extra_{0};
    atomic<unsigned> aside_{0};
    // Relaxed: who sees an old value rests, or does not, a little longer.
    atomic<bool> paced_{false};
    atomic<time_point> next_pace_look_{};
    futex_mutex pacing_;
    quota_pace pace_;  // guarded by pacing_
    // Of all active regions. Background when there is none.
    atomic<priority> most_urgent_{priority::background};
    // The same, or above it when there is none. Relaxed: who sees an old value pokes somebody in
    // vain, or leaves that to the next tick.
    atomic<priority> least_urgent_{priority::interactive};

    // The ticker's thread only.
    weight_rule weight_rule_;
    time_point next_watch_{};
    time_point next_cpu_look_{};
    time_point still_since_ = never;
    bool core_was_free_ = false;  // at the last tick that found somebody aside
    unsigned vain_ticks_ = 0;
    // Changes whenever a region leaves the queue. Written under the lock.
    atomic<std::uint32_t> served_{0};
    std::uint32_t seen_served_ = 0;
};

// The worker of the region that the calling thread is inside of, or null.
[[nodiscard]] compute_worker* worker_inside() noexcept;

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
