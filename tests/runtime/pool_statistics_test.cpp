// What the pools tell of what they have done.
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/par/join.hpp>
#include <twill/runtime/blocking.hpp>
#include <twill/runtime/blocking_pool.hpp>
#include <twill/runtime/compute.hpp>
#include <twill/runtime/compute_pool.hpp>
#include <twill/runtime/detail/work_count.hpp>
#include <twill/runtime/runtime.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>

namespace {

using namespace std::chrono_literals;
using twill::task;

twill::time_point at(int ns) { return twill::time_point(twill::duration(ns)); }

void spin_for(twill::duration length) {
    const auto end = twill::now() + length;
    while (twill::now() < end) {
    }
}

// Both return when both are there: so two threads are.
class meeting {
public:
    void arrive() {
        ++arrived_;
        while (arrived_ < 2) {
        }
    }

private:
    std::atomic<int> arrived_{0};
};

TEST(PoolStatistics, busy_time_counts_what_is_under_way) {
    twill::detail::own_busy_time busy;
    EXPECT_EQ(busy.read(at(5)), 0ns);
    busy.begin(at(10));
    EXPECT_EQ(busy.read(at(17)), 7ns);
    busy.begin(at(12));
    EXPECT_EQ(busy.read(at(17)), 7ns) << "it was busy already";
    busy.end(at(20));
    busy.end(at(25));
    EXPECT_EQ(busy.read(at(100)), 10ns) << "it had ended already";
    busy.begin(at(100));
    EXPECT_EQ(busy.read(at(101)), 11ns);
}

TEST(PoolStatistics, what_was_told_never_goes_back) {
    twill::detail::never_back seen;
    EXPECT_EQ(seen.at_least(5ns), 5ns);
    EXPECT_EQ(seen.at_least(3ns), 5ns);
    EXPECT_EQ(seen.at_least(7ns), 7ns);
}

void the_event_pool_counts(unsigned threads) {
    twill::runtime here({.event_threads = threads});
    here.run([&]() -> task<> {
        const auto began = twill::now();
        const auto before = here.stats();
        for (int i = 0; i < 1000; ++i) co_await twill::yield();
        co_await twill::sleep(1ms);
        spin_for(5ms);
        const auto after = here.stats();
        // The turn under way, and those of the round that it is in, are not counted yet.
        EXPECT_GE(after.tasks_run - before.tasks_run, 900U);
        EXPECT_GE(after.event_parks - before.event_parks, 1U);
        EXPECT_GE(after.event_busy - before.event_busy, 5ms);
        if (threads == 1)
            EXPECT_LT(after.event_busy - before.event_busy, twill::now() - began)
                << "it has slept, too";
    });
    const auto ended = here.stats().event_busy;
    spin_for(2ms);
    EXPECT_EQ(here.stats().event_busy, ended) << "between two runs nobody is busy";
}

TEST(PoolStatistics, one_event_thread_counts_tasks_sleeps_and_time) { the_event_pool_counts(1); }
TEST(PoolStatistics, several_event_threads_count_as_well) { the_event_pool_counts(2); }

TEST(PoolStatistics, tasks_that_another_event_thread_takes_are_stolen) {
    twill::runtime here({.event_threads = 2});
    here.run([&]() -> task<> {
        meeting both;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            for (int i = 0; i < 2; ++i)
                s.spawn([&]() -> task<> {
                    both.arrive();
                    co_return;
                });
            co_return;
        });
    });
    EXPECT_GE(here.stats().event_steals, 1U);
}

TEST(PoolStatistics, the_compute_pool_counts_regions_forks_and_time) {
    twill::runtime here({.compute_threads = 2});
    here.run([&]() -> task<> {
        for (int i = 0; i < 10; ++i) co_await twill::compute([] { spin_for(1ms); });
        const auto alone = here.compute().stats();
        EXPECT_EQ(alone.regions, 10U);
        EXPECT_EQ(alone.steals, 0U) << "there was nothing to take";
        EXPECT_GE(alone.busy, 10ms);
        co_await twill::compute([] {
            meeting both;
            twill::par::join([&] { both.arrive(); }, [&] { both.arrive(); });
        });
        const auto shared = here.compute().stats();
        EXPECT_EQ(shared.regions, 11U);
        EXPECT_GE(shared.promotions, shared.steals);
        EXPECT_GE(shared.steals, 1U);
        // Once both threads sleep, and not before, the time stands still.
        const auto busy = [&] { return here.compute().stats().busy; };
        auto last = busy();
        for (co_await twill::sleep(2ms); busy() != last; co_await twill::sleep(2ms)) last = busy();
        EXPECT_GE(last, shared.busy);
        EXPECT_GE(here.compute().stats().parks, 2U);
    });
}

TEST(PoolStatistics, the_blocking_pool_counts_jobs_and_their_time) {
    twill::runtime here;
    here.run([&]() -> task<> {
        for (int i = 0; i < 10; ++i) co_await twill::blocking([] { spin_for(1ms); });
        std::atomic<bool> go{false};
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                co_await twill::blocking([&] {
                    while (!go) {
                    }
                });
            });
            while (here.blocking().stats().jobs < 11) co_await twill::sleep(1ms);
            const auto before = here.blocking().stats().busy;
            EXPECT_GE(before, 10ms);
            co_await twill::sleep(1ms);
            EXPECT_GE(here.blocking().stats().busy, before + 1ms) << "one is under way";
            go = true;
        });
        EXPECT_EQ(here.blocking().stats().jobs, 11U);
    });
}

}  // namespace
