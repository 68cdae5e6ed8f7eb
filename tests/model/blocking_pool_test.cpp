// blocking_pool: what was submitted runs, once, and nobody is left behind.
#include <twill/core/runnable.hpp>
#include <twill/runtime/blocking_pool.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "expectations.hpp"

namespace model_test {
namespace {

using twill::blocking_pool;
using twill::runnable;

constexpr twill::duration a_while = std::chrono::microseconds(100);

// A pool whose threads are the model's. Mostly they do not leave before it ends: what is lost then
// hangs for good.
class modelled_pool {
public:
    explicit modelled_pool(unsigned max_threads,
                           twill::duration idle_timeout = twill::duration::max())
        : pool_({.max_threads = max_threads,
                 .idle_timeout = idle_timeout,
                 .create_thread = [this](pthread_t& made, void* (*entry)(void*), void* argument) {
                     threads_.push_back(std::make_unique<model::thread>([=] { entry(argument); }));
                     made = threads_.size();
                     return 0;
                 }}) {}
    blocking_pool* operator->() { return &pool_; }

private:
    std::vector<std::unique_ptr<model::thread>> threads_;  // joined by the pool before they go
    blocking_pool pool_;
};

// Counts how often it ran, in plain data: whoever looks must know that it has.
struct job : runnable {
    job() noexcept : runnable(&job::execute) {}
    static void execute(runnable& self) noexcept { ++static_cast<job&>(self).times; }
    int times = 0;
};

void check_once(const job& one) { model::check(one.times == 1, "each job runs once"); }

// The pool ends while the jobs are on their way.
void runs_all_before_it_ends() {
    job first, second;
    {
        modelled_pool pool(1);
        pool->submit(first);
        pool->submit(second);
    }
    check_once(first);
    check_once(second);
}

// Both threads leave, and the one joins the other.
void two_threads_end() {
    job first, second;
    {
        modelled_pool pool(2);
        pool->submit(first);
        pool->submit(second);
    }
    check_once(first);
    check_once(second);
}

void two_submit() {
    job first, second;
    {
        modelled_pool pool(1);
        model::thread other([&] { pool->submit(first); });
        pool->submit(second);
        other.join();
    }
    check_once(first);
    check_once(second);
}

// A job for a thread that may be about to become idle, or is.
void finds_an_idle_thread() {
    struct telling_job : job {
        telling_job() noexcept { run = &telling_job::execute_and_tell; }
        static void execute_and_tell(runnable& self) noexcept {
            auto& own = static_cast<telling_job&>(self);
            ++own.times;
            own.done.store(1, std::memory_order_release);
            own.done.notify_one();
        }
        twill::atomic<int> done{0};
    };
    telling_job first, second;
    {
        modelled_pool pool(1);
        pool->submit(first);
        first.done.wait(0, std::memory_order_acquire);
        pool->submit(second);
        second.done.wait(0, std::memory_order_acquire);
    }
    check_once(first);
    check_once(second);
}

// A job that comes when its thread has waited long enough, or is being woken, or has left.
void comes_late() {
    job first, second;
    {
        modelled_pool pool(1, a_while);
        pool->submit(first);
        model::event pause;
        pause.wait(model::virtual_now() + static_cast<std::uint64_t>(a_while.count()));
        pool->submit(second);
    }
    check_once(first);
    check_once(second);
}

// Taken back or run, never both and never neither.
void is_taken_back() {
    job first, second;
    bool taken = false;
    {
        modelled_pool pool(1);
        pool->submit(first);
        pool->submit(second);
        taken = pool->try_remove(second);
    }
    check_once(first);
    model::check(second.times == (taken ? 0 : 1), "it is taken back, or runs");
    model::note_outcome(taken ? "taken" : "run");
}

// One job submits the other, perhaps while the pool ends.
void submits_another() {
    struct first_job : runnable {
        first_job(modelled_pool& in, job& then) noexcept
            : runnable(&first_job::execute), pool(in), next(then) {}
        static void execute(runnable& self) noexcept {
            auto& own = static_cast<first_job&>(self);
            own.pool->submit(own.next);
        }
        modelled_pool& pool;
        job& next;
    };
    job second;
    {
        std::unique_ptr<first_job> first;
        modelled_pool pool(2);
        first = std::make_unique<first_job>(pool, second);
        pool->submit(*first);
    }
    check_once(second);
}

const scenarios protocol{{bounded, runs_all_before_it_ends},
                         {bounded, two_threads_end},
                         {bounded, two_submit},
                         {bounded, comes_late},
                         {bounded, is_taken_back},
                         {bounded, submits_another},
                         {bounded, finds_an_idle_thread}};

TEST(blocking_pool, runs_all_before_it_ends) { expect_holds(protocol[0]); }
TEST(blocking_pool, two_threads_end_one_behind_the_other) { expect_holds(protocol[1]); }
TEST(blocking_pool, takes_jobs_from_two_threads) { expect_holds(protocol[2]); }
TEST(blocking_pool, loses_no_job_to_a_thread_that_leaves) { expect_holds(protocol[3]); }
TEST(blocking_pool, gives_a_job_back_or_runs_it) { expect_holds(protocol[4]); }
TEST(blocking_pool, runs_what_a_job_submits_at_the_end) { expect_holds(protocol[5]); }

TEST(blocking_pool, wakes_an_idle_thread_for_each_job) { expect_holds(protocol[6]); }

// For the mutants, of which there are many.
const scenarios small{{narrow, runs_all_before_it_ends},
                      {narrow, two_threads_end},
                      {narrow, comes_late},
                      {narrow, finds_an_idle_thread}};

// Who is woken takes the lock that whoever woke it held: it orders all else, too.
TEST(blocking_pool, needs_its_orders) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    EXPECT_EQ(needless_orders(small, "blocking_pool.cpp"),
              (names{"blocking_pool::pop_idle store: release -> relaxed",
                     "blocking_pool::wait_for_job load: acquire -> relaxed"}));
}

TEST(blocking_pool, mutants_are_found) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    using enum model::change::kind;
    EXPECT_EQ(unnoticed(small, {{"blocking_pool::pop_idle store", omit},
                                {"blocking_pool::try_submit notify", omit},
                                {"blocking_pool::wait_for_job wait", sleep_blind},
                                {"blocking_pool::~blocking_pool notify", omit},
                                {"blocking_pool::~blocking_pool wait", sleep_blind},
                                {"blocking_pool::leave store", omit},
                                {"blocking_pool::leave notify", omit}}),
              names{});
}

}  // namespace
}  // namespace model_test
