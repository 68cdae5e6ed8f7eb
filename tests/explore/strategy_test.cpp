// What each strategy is for.
#include <explore/depth_first.hpp>
#include <explore/pct.hpp>
#include <explore/pos.hpp>
#include <explore/random_walk.hpp>
#include <explore/stall.hpp>
#include <explore/urw.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <set>

#include "program.hpp"

namespace explore_test {
namespace {

using what = decision::what;

test_arena memory;

// In how many of `runs` runs a counter of `threads` loses an update.
int losses(strategy& decides, int runs, int threads = 2) {
    profile known;
    int count = 0;
    for (int i = 0; i != runs; ++i) {
        memory.clear();
        execution run(memory, decides, static_cast<std::uint64_t>(i), {}, known);
        lost_update bug(threads);
        EXPECT_EQ(bug.steps.run(run).outcome, what::finished);
        run.learn(known);
        count += bug.counter != threads;
    }
    return count;
}

TEST(strategy, each_random_one_finds_a_lost_update) {
    random_walk plain;
    pct priorities(2);
    pos partial_order;
    urw uniform;
    stall at_places;
    for (strategy* decides : std::initializer_list<strategy*>{&plain, &priorities, &partial_order,
                                                              &uniform, &at_places}) {
        const int found = losses(*decides, 200);
        EXPECT_GT(found, 20);
        EXPECT_LT(found, 180);
    }
}

TEST(strategy, pct_without_changes_never_preempts) {
    pct decides(1);
    EXPECT_EQ(losses(decides, 200), 0);
}

// Before which of 100 steps of another thread the single step of one comes.
double mean_position(strategy& decides) {
    profile known;
    int sum = 0;
    constexpr int runs = 400;
    for (int i = 0; i != runs; ++i) {
        memory.clear();
        execution run(memory, decides, static_cast<std::uint64_t>(i), {}, known);
        program p;
        int done = 0, position = 0;
        p.thread({store(1, [&] { position = done; })});
        p.thread(std::vector<step>(100, store(1, [&] { ++done; })));
        EXPECT_EQ(p.run(run).outcome, what::finished);
        run.learn(known);
        sum += position;
    }
    return static_cast<double>(sum) / runs;
}

TEST(strategy, urw_samples_interleavings_evenly) {
    random_walk plain;
    urw uniform;
    EXPECT_LT(mean_position(plain), 5);
    const double mean = mean_position(uniform);
    // The step's thread has a first step too, which comes before it: two of 102.
    EXPECT_GT(mean, 55);
    EXPECT_LT(mean, 75);
}

TEST(strategy, urw_counts_the_steps_of_those_yet_to_be_started) {
    // The first thread starts one of 100 steps, and ends. Beside it one step stands alone.
    urw decides;
    profile known;
    known.steps_of[0] = 2;
    known.steps_of[1] = 2;
    known.steps_of[2] = 100;
    known.parent_of[2] = 0;
    int first = 0;
    for (std::uint64_t seed = 0; seed != 200; ++seed) {
        memory.clear();
        execution run(memory, decides, seed, {}, known);
        run.spawn(no_thread);
        run.spawn(no_thread);
        first += run.next(no_thread).thread == 0;
    }
    EXPECT_GT(first, 180) << "102 steps lie behind it, 2 behind the other";
}

TEST(strategy, pos_draws_anew_only_for_what_conflicts) {
    // Thread 0 has 20 steps on its own object, then one on object 2; thread 1 one step on object 2.
    // To a random walk the second is almost always first; here both orders are common.
    const auto first = [](strategy& decides) {
        int count = 0;
        for (std::uint64_t seed = 0; seed != 300; ++seed) {
            memory.clear();
            execution run(memory, decides, seed, {}, nothing_known);
            std::vector<int> order;
            program p;
            std::vector<step> many(20, store(1, [] {}));
            many.push_back(store(2, [&] { order.push_back(0); }));
            p.thread(many);
            p.thread({store(2, [&] { order.push_back(1); })});
            EXPECT_EQ(p.run(run).outcome, what::finished);
            count += order[0] == 0;
        }
        return count;
    };
    random_walk plain;
    pos partial_order;
    EXPECT_LT(first(plain), 5);
    EXPECT_GT(first(partial_order), 10);
}

// Sixty threads that write under one lock, and then under another; one more that must come between
// the two before anybody has come to the second.
TEST(strategy, stall_holds_all_of_many_back_at_one_place) {
    const auto found = [](strategy& decides, std::uint64_t runs) {
        int count = 0;
        profile known;
        for (std::uint64_t seed = 0; seed != runs; ++seed) {
            memory.clear();
            execution run(memory, decides, seed, {}, known);
            int first = 0, second = 0;
            bool between = false;
            mutex one{.object = 1}, other{.object = 2};
            program p;
            for (int i = 0; i != 60; ++i)
                p.thread({lock(one), store(3, [&] { ++first; }), unlock(one), lock(other),
                          store(4, [&] { ++second; }), unlock(other)});
            std::vector<step> late{lock(one), load(3, [&] { between = first != 0; }), unlock(one)};
            late.resize(20, load(5, [] {}));
            late.push_back(load(4, [&] { between = between && second == 0; }));
            p.thread(late);
            EXPECT_EQ(p.run(run).outcome, what::finished);
            run.learn(known);
            count += between;
        }
        return count;
    };
    random_walk plain;
    stall at_places;
    EXPECT_EQ(found(plain, 300), 0);
    EXPECT_GT(found(at_places, 300), 2);
}

struct search {
    std::set<std::uint64_t> interleavings;
    std::set<int> results;
    int finished = 0;
    int pruned = 0;
};

// All runs of a counter of `threads`.
search explore_all(unsigned preemptions, int threads) {
    search found;
    const auto path = std::make_unique<search_path>();
    depth_first decides(*path, preemptions);
    do {
        memory.clear();
        execution run(memory, decides, 0, {}, nothing_known);
        lost_update bug(threads);
        const decision end = bug.steps.run(run);
        if (end.outcome == what::pruned) {
            ++found.pruned;
            continue;
        }
        EXPECT_EQ(end.outcome, what::finished);
        ++found.finished;
        found.interleavings.insert(run.interleaving());
        found.results.insert(bug.counter);
    } while (decides.end_run());
    EXPECT_FALSE(path->truncated);
    return found;
}

TEST(depth_first, without_preemptions_sees_serial_runs_only) {
    const search found = explore_all(0, 3);
    EXPECT_EQ(found.results, (std::set<int>{3}));
    EXPECT_EQ(found.finished, 6) << "3! orders";
}

TEST(depth_first, one_preemption_loses_one_update) {
    const search found = explore_all(1, 3);
    EXPECT_EQ(found.results, (std::set<int>{2, 3, 1})) << "the late one overwrites both";
}

TEST(depth_first, unbounded_sees_each_interleaving_once) {
    for (int threads : {2, 3}) {
        const search all = explore_all(100, threads);
        const search once = explore_all(depth_first::unbounded, threads);
        EXPECT_EQ(once.interleavings, all.interleavings);
        EXPECT_EQ(static_cast<std::size_t>(once.finished), once.interleavings.size());
        EXPECT_GT(all.finished, 2 * once.finished) << "which is what sleep sets are for";
        EXPECT_EQ(once.results, all.results);
    }
}

TEST(depth_first, tries_each_value) {
    std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
    const auto path = std::make_unique<search_path>();
    depth_first decides(*path);
    do {
        memory.clear();
        execution run(memory, decides, 0, {}, nothing_known);
        const thread_id one = run.spawn(no_thread);
        run.next(no_thread);
        const std::uint32_t first = run.pick(one, 3);
        EXPECT_TRUE(seen.emplace(first, run.pick(one, 2)).second);
    } while (decides.end_run());
    EXPECT_EQ(seen.size(), 6U);
}

}  // namespace
}  // namespace explore_test
