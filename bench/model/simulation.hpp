// The events of the model, and what they do. Methods are named like those of the pool whose policy
// they follow: what is said there is not repeated here.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/random.hpp>

#include "model/worker_model.hpp"

#include <deque>
#include <memory>
#include <queue>
#include <vector>

namespace twill::inline TWILL_ABI::bench {

class simulation {
public:
    simulation(const workload& what, const model_options& how, const costs& cost,
               const policy& otherwise);

    outcome run();
    [[nodiscard]] std::uint64_t jobs_ended() const { return jobs_ended_; }

private:
    static constexpr int looks_before_sleep = 4;

    // Who acts: a worker, or one of the two below.
    static constexpr unsigned ticker = ~0U;
    static constexpr unsigned submitter = ticker - 1;
    struct event {
        ticks at;
        std::uint64_t order;
        unsigned who;
        bool operator<(const event& other) const {
            return at != other.at ? at > other.at : order > other.order;
        }
    };

    // ---- simulation_bench.cpp: time, threads between two jobs, the ticker
    void schedule(unsigned who, ticks at) { events_.push({at, order_++, who}); }
    // The worker's next event comes when it has done what takes so long on a core of its own.
    void spend(worker_model& w, ticks length);
    // The same, for what counts as the pool's own work.
    void charge(worker_model& w, ticks length);
    void act(worker_model& w);
    void seek(worker_model& w);
    void claim(worker_model& w);
    bool next_region(worker_model& w);
    void begin(worker_model& w, job_model& job);
    void idle(worker_model& w);
    void submit();
    void tick();
    void set_busy(worker_model& w, bool busy);
    worker_model& make_worker();

    // ---- waking_bench.cpp: compute_sleep.cpp
    // How long it takes to get the lock and to leave it again.
    ticks with_lock();
    // Counts the woken one in; it acts after `delay` and the time that waking takes.
    void wake(worker_model& w, ticks delay);
    ticks invite(worker_model& from);
    worker_model* call_waiter(worker_model& from);
    // The time it takes the caller, and whether somebody comes.
    bool call_up(bool may_start, ticks& cost);
    [[nodiscard]] bool anything_on_offer() const;
    void wait(worker_model& w);
    void sleep(worker_model& w);
    void wake_up(worker_model& w);
    [[nodiscard]] static job_model* part_of(const job_model& awaited);
    void take(worker_model& thief, worker_model& victim);
    bool poke_somebody(const worker_model& hungry);
    bool ask_for_work(worker_model& w);

    // ---- stack_bench.cpp: the private list
    enum class then : unsigned char {
        go_on,  // no event needed
        yield,  // an event when the time used is over
        done    // the worker's next event is settled
    };
    void advance(worker_model& w);
    then call(worker_model& w, piece what, ticks& used);
    then iterate(worker_model& w, ticks& used);
    then beat_in_loop(worker_model& w);
    then leave_range(worker_model& w, ticks used);
    then end_of_left(worker_model& w, ticks used);
    then end_of_job(worker_model& w, ticks used);
    // True: the caller has it back. False: it waits from now on.
    bool reclaim(worker_model& w, job_model& job);
    ticks beat(worker_model& w);
    ticks offer_oldest(worker_model& w);
    job_model* promote(frame_model& f);
    void push_loop(worker_model& w, piece what, std::uint64_t begin, std::uint64_t end, ticks each,
                   std::uint64_t growth);
    void worked(ticks length, ticks& used) {
        result_.work += length;
        used += length;
    }
    void forked(ticks length, ticks& used) {
        result_.forking += length;
        used += length;
    }

    const workload& what_;
    const unsigned cores_;
    const costs cost_;
    const policy policy_;
    random_source dice_;
    outcome result_;

    ticks now_ = 0;
    std::uint64_t order_ = 0;
    std::priority_queue<event> events_;
    std::vector<std::unique_ptr<worker_model>> workers_;
    std::vector<worker_model*> idle_;  // who fell asleep last is last
    std::deque<job_model> jobs_;
    std::deque<piece> queue_;
    std::vector<piece> to_submit_;
    std::size_t submitted_ = 0;
    std::size_t regions_left_ = 0;
    unsigned running_ = 0;  // threads that hold a core
    unsigned busy_ = 0;
    ticks lock_free_ = 0;
    bool ticking_ = false;
    int vain_ticks_ = 0;
    std::uint64_t jobs_ended_ = 0;
};

}  // namespace twill::inline TWILL_ABI::bench
