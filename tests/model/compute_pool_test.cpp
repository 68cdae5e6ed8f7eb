// The compute pool: what is forked runs once, whoever takes it; nobody sleeps beside work; and who
// gives its core away gets it back.
//
// Unless a scenario has a ticker, none of its threads ever comes to run. It is the pool's safety
// net: what would be mended by it a tick later hangs.
#include <runtime/compute_core.hpp>
#include <twill/par/join.hpp>
#include <twill/runtime/blocked_section.hpp>
#include <twill/runtime/compute_pool.hpp>
#include <twill/runtime/detail/ticker.hpp>

#include <functional>
#include <new>
#include <utility>

#include "expectations.hpp"

namespace model_test {
namespace {

using twill::compute_pool;
using twill::priority;
using twill::par::context;

// A pool, and the ticker of the process, which the run has to itself.
class modelled_pool {
public:
    modelled_pool(unsigned workers, unsigned threads)
        : pool_((::new(static_cast<void*>(&twill::detail::ticker::process())) twill::detail::ticker,
                 twill::compute_pool_options{.workers = workers, .max_threads = threads})) {}
    compute_pool* operator->() { return &pool_; }
    compute_pool& operator*() { return pool_; }

private:
    compute_pool pool_;
};

// Of the scenario's; counts in plain data, so that whoever looks must know that it has run.
class work : public twill::region {
public:
    explicit work(std::function<void(context&)> what = {}, priority urgency = priority::normal)
        : region(&work::execute, &work::complete, "", 0, urgency), what_(std::move(what)) {}

    void wait() {
        while (done_.load(std::memory_order_acquire) == 0) done_.wait(0, std::memory_order_relaxed);
    }
    void check_once() {
        wait();
        model::check(runs == 1 && ends == 1, "a region runs once, and ends once");
    }
    int runs = 0;
    int ends = 0;

private:
    static void execute(region& self, context& here) noexcept {
        auto& own = static_cast<work&>(self);
        ++own.runs;
        if (own.what_) own.what_(here);
    }
    static void complete(region& self) noexcept {
        auto& own = static_cast<work&>(self);
        ++own.ends;
        own.done_.store(1, std::memory_order_release);
        own.done_.notify_one();
    }

    std::function<void(context&)> what_;
    twill::atomic<int> done_{0};
};

class signal {
public:
    void set() {
        word_.store(1, std::memory_order_release);
        word_.notify_all();
    }
    void wait() {
        while (word_.load(std::memory_order_acquire) == 0) word_.wait(0, std::memory_order_relaxed);
    }

private:
    twill::atomic<int> word_{0};
};

// What a tick makes of a worker that computes.
void reach_a_beat(context& here) {
    static_cast<twill::detail::compute_worker&>(here).poke();
    here.beat();
}

// ---- regions and threads

void two_submit() {
    work first, second;
    {
        modelled_pool pool(1, 1);
        model::thread other([&] { pool->submit(first); });
        pool->submit(second);
        other.join();
        first.wait();
        second.wait();
    }
    first.check_once();
    second.check_once();
}

// The thread may be about to sleep, or asleep.
void submits_again() {
    work first, second;
    {
        modelled_pool pool(1, 1);
        pool->submit(first);
        first.wait();
        pool->submit(second);
        second.wait();
    }
    first.check_once();
    second.check_once();
}

void is_stopped() {
    work first, second;
    {
        modelled_pool pool(1, 1);
        pool->submit(first);
        pool->submit(second);
        second.request_stop();
        first.wait();
        second.wait();
    }
    first.check_once();
    model::check(second.ends == 1 && second.runs <= 1, "it is run or stopped");
    model::note_outcome(second.runs == 1 ? "run" : "stopped");
}

// ---- branches

// Taken, or taken back; and whoever forked it may be asleep when it ends.
void a_branch_runs_once() {
    work first;
    int left = 0;
    int right = 0;
    {
        modelled_pool pool(2, 1);
        pool->submit(first);
        const compute_pool::membership here(*pool);
        twill::par::join([&] { ++left; }, [&] { ++right; });
        model::check(left == 1 && right == 1, "each branch runs once");
        first.wait();
    }
}

// A branch that waits for the other, which is offered at a beat: only the thread that is about to
// sleep, or asleep, can run it.
void an_offer_finds_who_is_idle() {
    work first;
    signal met;
    {
        modelled_pool pool(2, 1);
        pool->submit(first);
        const compute_pool::membership here(*pool);
        twill::par::region([&](context& self) {
            self.beat();  // the first fork is not offered at once
            twill::par::join(
                self,
                [&](context& c) {
                    reach_a_beat(c);
                    met.wait();
                },
                [&] { met.set(); });
        });
        first.wait();
    }
}

// A taken branch forks, and its first branch waits for its second: only the owner of the taken
// one can run that, who looks for it, is about to sleep, or asleep.
void who_waits_helps() {
    work first;
    signal begun, met;
    {
        modelled_pool pool(2, 1);
        pool->submit(first);
        const compute_pool::membership here(*pool);
        twill::par::region([&](context& self) {
            self.beat();
            twill::par::join(
                self,
                [&](context& c) {
                    reach_a_beat(c);
                    begun.wait();
                },
                [&](context& c) {
                    begun.set();
                    twill::par::join(c, [&] { met.wait(); }, [&] { met.set(); });
                });
        });
        first.wait();
    }
}

// ---- cores

// A region that waits for the next, in a section that says so.
void a_blocked_one_lets_another_in() {
    signal go;
    work second([&](context&) { go.set(); });
    work first([&](context&) {
        const twill::blocked_section blocked;
        go.wait();
    });
    {
        modelled_pool pool(1, 2);
        pool->submit(first);
        pool->submit(second);
        first.wait();
        second.wait();
    }
    first.check_once();
    second.check_once();
}

// Urgent work comes before, while or after the only core reaches a beat.
void steps_aside_and_comes_back() {
    work background([&](context& self) { reach_a_beat(self); }, priority::background);
    work urgent({}, priority::interactive);
    {
        modelled_pool pool(1, 2);
        pool->submit(background);
        pool->submit(urgent);
        background.wait();
        urgent.wait();
    }
    background.check_once();
    urgent.check_once();
}

// Two coarse parts that reach no beat: the ticker sees to it that they run side by side.
void coarse_parts_run_side_by_side() {
    work first;
    signal met;
    {
        modelled_pool pool(2, 1);
        pool->submit(first);
        const compute_pool::membership here(*pool);
        twill::par::join([&] { met.wait(); }, [&] { met.set(); });
        first.wait();
    }
}

constexpr model::settings without_ticker(unsigned deviations) {
    return {
        .how = model::search::bounded, .deviations = deviations, .each = {.detached_run = false}};
}
constexpr model::settings with_ticker{
    .how = model::search::bounded, .deviations = 2, .early_timeouts = true};

const scenarios protocol{{without_ticker(2), two_submit},
                         {without_ticker(2), submits_again},
                         {without_ticker(2), is_stopped},
                         {without_ticker(2), a_branch_runs_once},
                         {without_ticker(2), an_offer_finds_who_is_idle},
                         {without_ticker(2), who_waits_helps},
                         {without_ticker(1), a_blocked_one_lets_another_in},
                         {without_ticker(2), steps_aside_and_comes_back},
                         {with_ticker, coarse_parts_run_side_by_side}};

TEST(compute_pool, takes_regions_from_two_threads) { expect_holds(protocol[0]); }
TEST(compute_pool, wakes_a_thread_for_a_region) { expect_holds(protocol[1]); }
TEST(compute_pool, runs_a_region_or_stops_it) { expect_holds(protocol[2]); }
TEST(compute_pool, a_branch_is_taken_or_taken_back) { expect_holds(protocol[3]); }
TEST(compute_pool, wakes_a_thread_for_an_offer) { expect_holds(protocol[4]); }
TEST(compute_pool, who_waits_for_a_branch_helps_it_along) { expect_holds(protocol[5]); }
TEST(compute_pool, who_blocks_lets_another_have_the_core) { expect_holds(protocol[6]); }
TEST(compute_pool, who_steps_aside_comes_back) { expect_holds(protocol[7]); }
TEST(compute_pool, the_ticker_calls_for_what_reaches_no_beat) { expect_holds(protocol[8]); }

// For the mutants, of which there are many.
const scenarios in_short{{without_ticker(1), two_submit},
                         {without_ticker(1), submits_again},
                         {without_ticker(1), a_branch_runs_once},
                         {without_ticker(1), an_offer_finds_who_is_idle},
                         {without_ticker(1), who_waits_helps},
                         {without_ticker(1), a_blocked_one_lets_another_in},
                         {without_ticker(1), steps_aside_and_comes_back}};

TEST(compute_pool, mutants_are_found) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    using enum model::change::kind;
    EXPECT_EQ(unnoticed(in_short,
                        {
                            {"compute_parker::unpark exchange", omit},
                            {"compute_parker::unpark notify", omit},
                            {"compute_parker::park wait", sleep_blind},
                            {"compute_core::sleep compare", omit, 0},
                            {"compute_core::sleep compare", tear, 0},
                            {"compute_worker::run exchange", tear},
                            {"compute_worker::run exchange", omit},
                            {"compute_offer::look load", pretend},
                            {"compute_core::next_region load", pretend},
                            {"compute_core::wake_for_what_waits load", pretend},
                            {"compute_core::give_up_core add", omit},
                            {"compute_core::invite load", pretend, 0, 2},
                            {"compute_worker::get_off_core store", omit},
                        }),
              names{});
}

}  // namespace
}  // namespace model_test
