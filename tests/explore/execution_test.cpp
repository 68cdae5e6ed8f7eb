#include "program.hpp"

#include <explore/random_walk.hpp>
#include <explore/replay.hpp>

#include <gtest/gtest.h>

#include <set>

namespace explore_test {
namespace {

arena memory(&from_the_heap);
const profile nothing_known;

// Two threads that each read a counter and write back one more.
struct lost_update {
    int counter = 0;
    int read[2] = {};

    void operator()(program& p) {
        for (int t : {0, 1})
            p.thread({load(1, [this, t] { read[t] = counter; }),
                      store(1, [this, t] { counter = read[t] + 1; })});
    }
};

int run_lost_update(strategy& decides, std::uint64_t seed, schedule* keep = nullptr) {
    memory.clear();
    execution run(memory, decides, seed, {}, nothing_known);
    lost_update bug;
    program p;
    const decision end = p.run(run, [&](program& each) { bug(each); });
    EXPECT_EQ(end.outcome, decision::what::finished);
    if (keep != nullptr) keep->assign(run.record());
    return bug.counter;
}

TEST(execution, random_walk_finds_a_lost_update) {
    random_walk decides;
    std::set<int> results;
    for (std::uint64_t seed = 0; seed != 50; ++seed) results.insert(run_lost_update(decides, seed));
    EXPECT_EQ(results, (std::set<int>{1, 2}));
}

TEST(execution, same_seed_decides_the_same) {
    random_walk decides;
    arena kept_memory(&from_the_heap);
    for (std::uint64_t seed = 0; seed != 20; ++seed) {
        schedule first(kept_memory);
        schedule second(kept_memory);
        run_lost_update(decides, seed, &first);
        run_lost_update(decides, seed, &second);
        EXPECT_EQ(first.fingerprint, second.fingerprint);
    }
}

TEST(execution, replay_repeats_each_run) {
    random_walk decides;
    arena kept_memory(&from_the_heap);
    for (std::uint64_t seed = 0; seed != 50; ++seed) {
        schedule kept(kept_memory);
        const int result = run_lost_update(decides, seed, &kept);
        replay again(kept);
        schedule repeated(kept_memory);
        EXPECT_EQ(run_lost_update(again, 0, &repeated), result) << "seed " << seed;
        EXPECT_FALSE(again.diverged());
        EXPECT_EQ(repeated.fingerprint, kept.fingerprint);
    }
}

}  // namespace
}  // namespace explore_test
