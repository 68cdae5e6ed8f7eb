#include <twill/core/event.hpp>
#include <twill/core/task.hpp>
#include <twill/par/join.hpp>
#include <twill/runtime/blocked_section.hpp>
#include <twill/runtime/compute.hpp>
#include <twill/runtime/compute_pool.hpp>
#include <twill/runtime/runtime.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <mutex>
#include <string>
#include <thread>

#include "par/fixtures.hpp"
#include "runtime/compute_core.hpp"

namespace {

using par_test::held_ticker;
using par_test::test_region;
using par_test::wait_without_beat;
using twill::atomic;
using twill::compute_pool;
using twill::priority;
using twill::par::context;

// One thread computes, whatever happens.
const twill::compute_pool_options strictly_one{.workers = 1, .patience = twill::duration::max()};

void compute_until(context& here, atomic<bool>& enough) {
    while (!enough.load()) twill::par::join(here, [] {}, [] {});
}

TEST(compute_priority, decides_which_region_starts_first) {
    compute_pool pool(strictly_one);
    atomic<bool> begun{false};
    atomic<bool> all_queued{false};
    std::string order;
    test_region first([&] {
        begun.store(true);
        wait_without_beat([&] { return all_queued.load(); });
    });
    test_region later([&] { order += 'b'; }, priority::background);
    test_region usual([&] { order += 'n'; });
    test_region usual_too([&] { order += 'N'; });
    test_region urgent([&] { order += 'i'; }, priority::interactive);
    pool.submit(first);
    ASSERT_TRUE(wait_without_beat([&] { return begun.load(); }));
    for (twill::region* work :
         std::initializer_list<twill::region*>{&later, &usual, &usual_too, &urgent})
        pool.submit(*work);
    all_queued.store(true);
    later.wait();
    first.wait();
    usual.wait();
    usual_too.wait();
    urgent.wait();
    EXPECT_EQ(order, "inNb");
}

TEST(compute_priority, what_computes_steps_aside_for_more_urgent_work) {
    compute_pool pool(strictly_one);
    for (const auto& [low, high] : {std::pair{priority::background, priority::normal},
                                    std::pair{priority::normal, priority::interactive}}) {
        atomic<bool> begun{false};
        atomic<bool> served{false};
        test_region slow(
            [&](context& here) {
                begun.store(true);
                compute_until(here, served);
            },
            low);
        test_region quick([&] { served.store(true); }, high);
        pool.submit(slow);
        ASSERT_TRUE(wait_without_beat([&] { return begun.load(); }));
        pool.submit(quick);
        quick.wait();
        slow.wait();
    }
}

TEST(compute_priority, who_stepped_aside_goes_on_while_urgent_work_lasts) {
    compute_pool pool({.workers = 1});
    std::mutex wanted_by_both;
    atomic<bool> held{false};
    atomic<bool> urgent_runs{false};
    test_region slow(
        [&](context& here) {
            std::lock_guard hold(wanted_by_both);
            held.store(true);
            compute_until(here, urgent_runs);
            // Aside by now, or soon; the lock is given back all the same.
            for (int i = 0; i != 100'000; ++i) twill::par::join(here, [] {}, [] {});
        },
        priority::background);
    test_region urgent(
        [&] {
            urgent_runs.store(true);
            std::lock_guard hold(wanted_by_both);
        },
        priority::interactive);
    pool.submit(slow);
    ASSERT_TRUE(wait_without_beat([&] { return held.load(); }));
    pool.submit(urgent);
    urgent.wait();
    slow.wait();
}

// How often threads that set `counted` went to sleep.
struct parks final : twill::event_sink {
    void record(const twill::event& what) noexcept override {
        if (counted && what.kind == twill::event_kind::park) count.fetch_add(1);
    }
    static thread_local bool counted;
    atomic<int> count{0};
};
thread_local bool parks::counted = false;

// It stayed, and took its share of the cores from then on.
TEST(compute_priority, who_came_back_steps_aside_again) {
    static parks seen;  // outlives the threads that may still be inside `record`
    compute_pool pool(strictly_one);
    twill::set_event_sink(&seen);
    atomic<bool> begun{false};
    atomic<bool> over{false};
    test_region slow(
        [&](context& here) {
            parks::counted = true;
            begun.store(true);
            compute_until(here, over);
            parks::counted = false;
        },
        priority::background);
    test_region urgent(
        [&] {
            EXPECT_TRUE(wait_without_beat([&] { return seen.count.load() >= 3; }));
            over.store(true);
        },
        priority::interactive);
    pool.submit(slow);
    ASSERT_TRUE(wait_without_beat([&] { return begun.load(); }));
    pool.submit(urgent);
    urgent.wait();
    slow.wait();
    twill::set_event_sink(nullptr);
}

// It stayed aside until its four milliseconds were over, beside a free core.
TEST(compute_priority, who_stands_aside_goes_on_while_the_urgent_work_blocks) {
    static parks seen;
    compute_pool pool(strictly_one);
    twill::set_event_sink(&seen);
    {
        const held_ticker no_ticks;
        atomic<bool> begun{false};
        atomic<bool> over{false};
        atomic<int> rounds{0};
        test_region slow(
            [&](context& here) {
                parks::counted = true;
                begun.store(true);
                while (!over.load()) {
                    twill::par::join(here, [] {}, [] {});
                    rounds.fetch_add(1);
                }
                parks::counted = false;
            },
            priority::background);
        test_region urgent(
            [&] {
                for (int i = 1; i <= 3; ++i) {
                    EXPECT_TRUE(wait_without_beat([&] { return seen.count.load() == i; }))
                        << "it steps aside when the urgent work is back";
                    const twill::blocked_section blocks;
                    const int before = rounds.load();
                    EXPECT_TRUE(wait_without_beat([&] { return rounds.load() > before + 10; }))
                        << "it goes on";
                }
                over.store(true);
            },
            priority::interactive);
        pool.submit(slow);
        ASSERT_TRUE(wait_without_beat([&] { return begun.load(); }));
        pool.submit(urgent);
        urgent.wait();
        slow.wait();
    }
    twill::set_event_sink(nullptr);
}

TEST(compute_priority, interactive_region_shares_its_first_fork_at_once_beside_lower_ones) {
    compute_pool pool({.workers = 2, .patience = twill::duration::max()});
    const held_ticker no_ticks;
    atomic<int> begun{0};
    atomic<bool> over{false};
    atomic<int> rounds{0};
    const auto endless = [&](context& here) {
        begun.fetch_add(1);
        while (!over.load()) {
            twill::par::join(here, [] {}, [] {});
            rounds.fetch_add(1);
        }
    };
    test_region one(endless, priority::background);
    test_region other(endless, priority::background);
    pool.submit(one);
    pool.submit(other);
    ASSERT_TRUE(wait_without_beat([&] { return begun.load() == 2; }));
    atomic<bool> shared{false};
    test_region urgent(
        [&](context& here) {
            // The one that goes on has seen that it was poked when this region came.
            const int before = rounds.load();
            EXPECT_TRUE(wait_without_beat([&] { return rounds.load() > before + 1000; }));
            twill::par::join(
                here, [&] { EXPECT_TRUE(wait_without_beat([&] { return shared.load(); })); },
                [&] { shared.store(true); });
        },
        priority::interactive);
    pool.submit(urgent);
    urgent.wait();
    over.store(true);
    one.wait();
    other.wait();
}

// Each poke of theirs was a store into another thread's line, at each beat of the urgent work.
TEST(compute_priority, urgent_work_pokes_nobody_who_has_no_core_to_give) {
    compute_pool pool({.workers = 1, .patience = twill::duration::max()});
    const held_ticker no_ticks;
    atomic<bool> blocked{false};
    atomic<bool> all_busy{false};
    atomic<int> ready{0};
    atomic<bool> over{false};
    // Forks, and has not been poked since; then waits, and says whether it was. All threads are
    // busy until all have looked: one without work asks others for some.
    const auto is_poked_meanwhile = [&](context& here) {
        EXPECT_TRUE(wait_without_beat([&] { return all_busy.load(); }));
        const auto of_others = here.alarm_of(std::size_t{1} << 20);
        do twill::par::join(here, [] {}, [] {});
        while (here.poked(of_others));
        ready.fetch_add(1);
        EXPECT_TRUE(wait_without_beat([&] { return over.load(); }));
        const bool was_poked = here.poked(of_others);
        ready.fetch_add(1);
        EXPECT_TRUE(wait_without_beat([&] { return ready.load() == 4; }));
        return was_poked;
    };
    bool poked_while_blocking = true;
    test_region blocks(
        [&](context& here) {
            const twill::blocked_section gives_its_core;
            blocked.store(true);
            poked_while_blocking = is_poked_meanwhile(here);
        },
        priority::background);
    pool.submit(blocks);
    bool poked_as_guest = true;
    std::thread guest([&] {
        const compute_pool::membership member(pool);
        twill::par::join([&](context& here) { poked_as_guest = is_poked_meanwhile(here); },
                         [](context&) {});
    });
    test_region urgent(
        [&](context& here) {
            all_busy.store(true);
            EXPECT_TRUE(wait_without_beat([&] { return ready.load() == 2; }));
            for (int i = 0; i != 1000; ++i) {
                static_cast<twill::detail::compute_worker&>(here).poke();
                twill::par::join(here, [] {}, [] {});
            }
            over.store(true);
            EXPECT_TRUE(wait_without_beat([&] { return ready.load() == 4; }));
        },
        priority::interactive);
    EXPECT_TRUE(wait_without_beat([&] { return blocked.load(); }));
    pool.submit(urgent);
    urgent.wait();
    blocks.wait();
    guest.join();
    EXPECT_FALSE(poked_while_blocking);
    EXPECT_FALSE(poked_as_guest);
}

// So a program of one priority pays nothing for there being several.
TEST(compute_priority, who_computes_knows_whether_there_is_anything_below) {
    compute_pool pool(strictly_one);
    twill::detail::compute_core core(pool, strictly_one);
    atomic<bool> begun{false};
    atomic<bool> over{false};
    test_region usual([&] {
        begun.store(true);
        EXPECT_TRUE(wait_without_beat([&] { return over.load(); }));
    });
    test_region usual_too([] {});
    test_region later([] {}, priority::background);
    core.submit(usual);
    EXPECT_TRUE(wait_without_beat([&] { return begun.load(); }));
    core.submit(usual_too);
    EXPECT_FALSE(core.anything_below(priority::normal));
    EXPECT_TRUE(core.anything_below(priority::interactive));
    core.submit(later);
    EXPECT_TRUE(core.anything_below(priority::normal));
    EXPECT_FALSE(core.anything_below(priority::background));
    over.store(true);
    later.wait();
    usual.wait();
    usual_too.wait();
    EXPECT_FALSE(core.anything_below(priority::interactive)) << "nothing is active";
}

TEST(compute_priority, urgent_work_is_not_stuck_behind_foreign_code) {
    compute_pool pool({.workers = 1});
    atomic<bool> begun{false};
    atomic<bool> served{false};
    test_region foreign(
        [&] {
            begun.store(true);
            EXPECT_TRUE(wait_without_beat([&] { return served.load(); }));
        },
        priority::background);
    test_region urgent([&] { served.store(true); }, priority::interactive);
    pool.submit(foreign);
    ASSERT_TRUE(wait_without_beat([&] { return begun.load(); }));
    pool.submit(urgent);
    urgent.wait();
    foreign.wait();
}

TEST(compute_priority, region_is_not_stuck_behind_longer_ones_of_its_own_priority) {
    compute_pool pool({.workers = 2, .patience = std::chrono::milliseconds(1)});
    atomic<int> begun{0};
    atomic<bool> served{false};
    const auto endless = [&](context& here) {
        begun.fetch_add(1);
        compute_until(here, served);
    };
    test_region a(endless);
    test_region b(endless);
    test_region c([&] { served.store(true); });
    pool.submit(a);
    pool.submit(b);
    ASSERT_TRUE(wait_without_beat([&] { return begun.load() == 2; }));
    pool.submit(c);
    c.wait();
    a.wait();
    b.wait();
}

TEST(compute_priority, stopped_region_in_the_queue_leaves_the_others_in_order) {
    compute_pool pool(strictly_one);
    atomic<bool> begun{false};
    atomic<bool> go_on{false};
    int ran = 0;
    test_region first([&] {
        begun.store(true);
        wait_without_beat([&] { return go_on.load(); });
    });
    test_region stopped([&] { ran += 100; }, priority::interactive);
    test_region last([&] { ran += 1; }, priority::background);
    pool.submit(first);
    ASSERT_TRUE(wait_without_beat([&] { return begun.load(); }));
    pool.submit(stopped);
    pool.submit(last);
    stopped.request_stop();
    stopped.wait();
    go_on.store(true);
    first.wait();
    last.wait();
    EXPECT_EQ(ran, 1);
    EXPECT_FALSE(stopped.started());
}

TEST(compute_priority, is_given_with_the_call) {
    twill::run({.compute_threads = 1}, []() -> twill::task<> {
        const auto answer = [] { return 42; };
        const int given =
            co_await twill::compute(answer, {.priority = twill::priority::interactive});
        EXPECT_EQ(given, 42);
    });
}

}  // namespace
