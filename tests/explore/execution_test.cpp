#include <explore/execution.hpp>
#include <explore/random_walk.hpp>

#include <gtest/gtest.h>

#include <set>

#include "program.hpp"

namespace explore_test {
namespace {

using what = decision::what;

test_arena memory;

TEST(execution, same_seed_decides_the_same) {
    random_walk decides;
    std::set<std::uint64_t> all;
    for (std::uint64_t seed = 0; seed != 20; ++seed) {
        std::uint64_t fingerprints[2];
        for (std::uint64_t& each : fingerprints) {
            memory.clear();
            execution run(memory, decides, seed, {}, nothing_known);
            lost_update bug(4);
            EXPECT_EQ(bug.steps.run(run).outcome, what::finished);
            each = run.record().fingerprint;
        }
        EXPECT_EQ(fingerprints[0], fingerprints[1]) << "seed " << seed;
        all.insert(fingerprints[0]);
    }
    EXPECT_GT(all.size(), 10U) << "other seeds decide otherwise";
}

TEST(execution, locks_in_opposite_order_deadlock_in_some_runs) {
    random_walk decides;
    int deadlocks = 0;
    for (std::uint64_t seed = 0; seed != 100; ++seed) {
        memory.clear();
        execution run(memory, decides, seed, {}, nothing_known);
        mutex a{1}, b{2};
        program p;
        p.thread({lock(a), lock(b), unlock(b), unlock(a)});
        p.thread({lock(b), lock(a), unlock(a), unlock(b)});
        const decision end = p.run(run);
        if (end.outcome == what::finished) continue;
        ASSERT_EQ(end.outcome, what::deadlock);
        ++deadlocks;
        EXPECT_EQ(run.thread(0).next.object, b.object) << "what it waits for is there to see";
        EXPECT_EQ(run.thread(1).next.object, a.object);
    }
    EXPECT_GT(deadlocks, 10);
    EXPECT_LT(deadlocks, 90);
}

TEST(execution, mutex_excludes) {
    random_walk decides;
    for (std::uint64_t seed = 0; seed != 100; ++seed) {
        memory.clear();
        execution run(memory, decides, seed, {}, nothing_known);
        mutex m{1};
        int counter = 0, read[3] = {};
        program p;
        for (int& mine : read)
            p.thread({lock(m), load(2, [&] { mine = counter; }),
                      store(2, [&] { counter = mine + 1; }), unlock(m)});
        ASSERT_EQ(p.run(run).outcome, what::finished);
        ASSERT_EQ(counter, 3) << "seed " << seed;
    }
}

TEST(execution, time_passes_only_when_nobody_can_run) {
    random_walk decides;
    for (std::uint64_t seed = 0; seed != 20; ++seed) {
        memory.clear();
        execution run(memory, decides, seed, {}, nothing_known);
        std::vector<int> order;
        program p;
        p.thread({sleep(run, 300), store(1, [&] { order.push_back(300); })});
        p.thread({sleep(run, 200), store(1, [&] { order.push_back(200); })});
        p.thread({store(2, [] {}), store(2, [] {}), store(1, [&] { order.push_back(0); })});
        ASSERT_EQ(p.run(run).outcome, what::finished);
        EXPECT_EQ(order, (std::vector<int>{0, 200, 300}));
        EXPECT_EQ(run.now(), 300U);
    }
}

TEST(execution, deadlines_pass_early_if_asked_to) {
    random_walk decides(/*timeout_odds=*/2);
    std::set<std::vector<int>> orders;
    for (std::uint64_t seed = 0; seed != 50; ++seed) {
        memory.clear();
        execution run(memory, decides, seed, {}, nothing_known);
        std::vector<int> order;
        program p;
        p.thread({sleep(run, 1000), store(1, [&] { order.push_back(1000); })});
        p.thread({store(1, [&] { order.push_back(0); })});
        ASSERT_EQ(p.run(run).outcome, what::finished);
        orders.insert(order);
    }
    EXPECT_EQ(orders.size(), 2U);
}

TEST(execution, woken_before_its_deadline_is_no_timeout) {
    random_walk decides;
    for (const bool wakes : {false, true}) {
        memory.clear();
        execution run(memory, decides, 1, {}, nothing_known);
        const thread_id waiter = run.spawn(no_thread), waker = run.spawn(no_thread);
        run.announce(waiter, {.kind = op_kind::wait, .blocked = true, .object = 7, .deadline = 50});
        EXPECT_EQ(run.next(no_thread).thread, waker);
        if (wakes) {
            EXPECT_EQ(run.wake_one(7, waker), waiter);
        }
        run.exit(waker);
        const decision d = run.next(waker);
        EXPECT_EQ(d.thread, waiter);
        EXPECT_EQ(d.timed_out, !wakes);
    }
}

TEST(execution, wake_one_may_pick_any_waiter) {
    random_walk decides;
    std::set<thread_id> picked;
    for (std::uint64_t seed = 0; seed != 60; ++seed) {
        memory.clear();
        execution run(memory, decides, seed, {}, nothing_known);
        for (thread_id t = 0; t != 3; ++t) {
            run.spawn(no_thread);
            run.announce(t, {.kind = op_kind::wait, .blocked = true, .object = 7});
        }
        const thread_id waker = run.spawn(no_thread);
        picked.insert(run.wake_one(7, waker));
        EXPECT_EQ(run.wake_one(8, waker), no_thread);
    }
    EXPECT_EQ(picked, (std::set<thread_id>{0, 1, 2}));
}

TEST(execution, equal_interleavings_count_once) {
    // Two threads write to objects of their own: all orders are one interleaving. To the same
    // object: two.
    random_walk decides;
    const auto interleavings = [&](object_id first, object_id second) {
        std::set<std::uint64_t> all, fingerprints;
        for (std::uint64_t seed = 0; seed != 50; ++seed) {
            memory.clear();
            execution run(memory, decides, seed, {}, nothing_known);
            program p;
            p.thread({store(first, [] {})});
            p.thread({store(second, [] {})});
            p.run(run);
            all.insert(run.interleaving());
            fingerprints.insert(run.record().fingerprint);
        }
        EXPECT_GT(fingerprints.size(), 2U);
        return all.size();
    };
    EXPECT_EQ(interleavings(1, 2), 1U);
    EXPECT_EQ(interleavings(1, 1), 2U);
}

TEST(execution, clocks_order_what_release_and_acquire_order) {
    random_walk decides;
    memory.clear();
    execution run(memory, decides, 1, {}, nothing_known);
    const thread_id a = run.spawn(no_thread);
    const epoch before_spawn = run.epoch_of(a);
    const thread_id b = run.spawn(a);
    EXPECT_TRUE(run.past_of(b).has_seen(before_spawn));
    const epoch event = run.epoch_of(a);
    EXPECT_FALSE(run.past_of(b).has_seen(event));
    vector_clock object;
    run.release(a, object);
    const epoch later = run.epoch_of(a);
    run.acquire(b, object);
    EXPECT_TRUE(run.past_of(b).has_seen(event));
    EXPECT_FALSE(run.past_of(b).has_seen(later));
    EXPECT_FALSE(run.past_of(a).has_seen(run.epoch_of(b)));
}

TEST(execution, step_limit_ends_a_run) {
    random_walk decides;
    memory.clear();
    execution run(memory, decides, 1, {.steps = 10}, nothing_known);
    const bool never_set = false;
    program p;
    // It writes each time round, so it is not known to go round in vain.
    p.thread({{[] { return operation{.kind = op_kind::rmw, .object = 1}; },
               [&](execution&, thread_id) { return never_set; }}});
    EXPECT_EQ(p.run(run).outcome, what::step_limit);
    EXPECT_EQ(run.steps(), 10U);
}

}  // namespace
}  // namespace explore_test
