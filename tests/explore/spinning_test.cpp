// Threads that go round in vain.
#include <explore/depth_first.hpp>
#include <explore/pct.hpp>
#include <explore/pos.hpp>
#include <explore/random_walk.hpp>

#include <gtest/gtest.h>

#include <memory>

#include "program.hpp"

namespace explore_test {
namespace {

using what = decision::what;

test_arena memory;

TEST(spinning, no_strategy_follows_a_spin_loop_for_ever) {
    const auto path = std::make_unique<search_path>();
    pct priorities(1);
    pos partial_order;
    depth_first all(*path, 0);
    for (const op_kind kind : {op_kind::load, op_kind::yield, op_kind::try_lock})
        for (strategy* decides :
             std::initializer_list<strategy*>{&priorities, &partial_order, &all})
            for (std::uint64_t seed = 0; seed != 20; ++seed) {
                memory.clear();
                execution run(memory, *decides, seed, {.steps = 1000}, nothing_known);
                bool flag = false;
                program p;
                p.thread({spin(1, flag, kind)});
                p.thread({store(2, [] {}), store(1, [&] { flag = true; })});
                EXPECT_EQ(p.run(run).outcome, what::finished);
                EXPECT_LT(run.steps(), 20U);
            }
}

TEST(spinning, for_a_flag_that_nobody_sets_is_a_livelock) {
    random_walk decides;
    memory.clear();
    execution run(memory, decides, 1, {}, nothing_known);
    const bool never_set = false;
    program p;
    p.thread({spin(1, never_set)});
    p.thread({spin(2, never_set)});
    EXPECT_EQ(p.run(run).outcome, what::livelock);
}

TEST(spinning, waits_for_a_thread_that_sleeps) {
    random_walk decides;
    memory.clear();
    execution run(memory, decides, 1, {}, nothing_known);
    bool flag = false;
    program p;
    p.thread({spin(1, flag)});
    p.thread({sleep(run, 1'000'000'000), store(1, [&] { flag = true; })});
    EXPECT_EQ(p.run(run).outcome, what::finished);
    EXPECT_EQ(run.now(), 1'000'000'000U);
    EXPECT_LT(run.steps(), 20U);
}

TEST(spinning, who_polls_every_now_and_then_does_not_delay_a_long_sleep) {
    // A thread that looks every microsecond beside one that sleeps for a minute.
    random_walk decides;
    memory.clear();
    execution run(memory, decides, 1, {}, nothing_known);
    bool flag = false;
    program p;
    p.thread({{[&run] {
                   return operation{.kind = op_kind::sleep,
                                    .writes = false,
                                    .blocked = true,
                                    .deadline = run.now() + 1'000};
               },
               [&flag](execution&, thread_id) { return flag; }}});
    p.thread({sleep(run, 60'000'000'000), store(1, [&] { flag = true; })});
    EXPECT_EQ(p.run(run).outcome, what::finished);
    EXPECT_LT(run.steps(), 30U);
}

// Sleeps for a millisecond, `times` times.
step polls(execution& run, int times) {
    return {[&run] {
                return operation{.kind = op_kind::sleep,
                                 .writes = false,
                                 .blocked = true,
                                 .deadline = run.now() + 1'000'000};
            },
            [left = times](execution&, thread_id) mutable { return --left == 0; }};
}

TEST(spinning, who_sleeps_again_and_again_may_come_to_an_end) {
    random_walk decides;
    memory.clear();
    execution run(memory, decides, 1, {}, nothing_known);
    program p;
    p.thread({polls(run, 10'000)});
    EXPECT_EQ(p.run(run).outcome, what::finished);
    EXPECT_EQ(run.now(), 10'000'000'000U);
}

TEST(spinning, who_sleeps_for_ever_is_a_livelock) {
    random_walk decides;
    memory.clear();
    execution run(memory, decides, 1, {}, nothing_known);
    program p;
    p.thread({polls(run, 1'000'000'000)});
    EXPECT_EQ(p.run(run).outcome, what::livelock);
    EXPECT_LT(run.now(), 601'000'000'000U);
}

TEST(spinning, a_failed_attempt_is_no_progress) {
    // Two threads try for a lock that a third holds and never gives back.
    random_walk decides;
    memory.clear();
    execution run(memory, decides, 1, {}, nothing_known);
    const step attempt{[] { return operation{.kind = op_kind::try_lock, .object = 1}; },
                       [](execution& under, thread_id) {
                           under.changed_nothing();
                           return false;
                       }};
    program p;
    p.thread({attempt});
    p.thread({attempt});
    EXPECT_EQ(p.run(run).outcome, what::livelock);
}

}  // namespace
}  // namespace explore_test
