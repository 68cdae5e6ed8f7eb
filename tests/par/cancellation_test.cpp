#include <twill/par/for_each.hpp>
#include <twill/par/join.hpp>
#include <twill/par/reduce.hpp>
#include <twill/par/shield.hpp>

#include <gtest/gtest.h>

#include <stdexcept>

#include "par/fixtures.hpp"

namespace {

using par_test::test_region;
using par_test::wait_without_beat;
using twill::par::context;

void fork_for_ever(context& here) {
    for (;;) twill::par::join(here, [] {}, [] {});
}

TEST(cancellation, stops_a_region_that_forks) {
    twill::compute_pool pool({.workers = 2});
    twill::atomic<bool> runs{false};
    test_region work([&](context& here) {
        runs.store(true);
        fork_for_ever(here);
    });
    pool.submit(work);
    wait_without_beat([&] { return runs.load(); });
    work.request_stop();
    work.wait();
    EXPECT_TRUE(work.was_cancelled());
    EXPECT_TRUE(work.started());
    EXPECT_EQ(work.completions(), 1);
}

TEST(cancellation, stops_all_branches_wherever_they_run) {
    twill::compute_pool pool({.workers = 3});
    twill::atomic<int> running{0};
    const auto branch = [&](context& here) {
        running.fetch_add(1);
        fork_for_ever(here);
    };
    test_region work([&](context& here) { twill::par::join(here, branch, branch, branch); });
    pool.submit(work);
    EXPECT_TRUE(wait_without_beat([&] { return running.load() == 3; }));
    work.request_stop();
    work.wait();
    EXPECT_TRUE(work.was_cancelled());
}

TEST(cancellation, stops_a_loop_and_a_reduction) {
    twill::compute_pool pool({.workers = 2});
    twill::atomic<bool> runs{false};
    test_region loop([&](context& here) {
        twill::par::for_each_index(here, std::size_t{1} << 60, [&](std::size_t) {
            runs.store(true, std::memory_order_relaxed);
        });
    });
    pool.submit(loop);
    wait_without_beat([&] { return runs.load(); });
    loop.request_stop();
    loop.wait();
    EXPECT_TRUE(loop.was_cancelled());
}

TEST(cancellation, one_that_is_caught_comes_again) {
    twill::compute_pool pool({.workers = 1});
    int caught = 0;
    test_region work([&](context& here) {
        while (caught < 3) {
            try {
                fork_for_ever(here);
            } catch (const twill::cancelled&) {
                ++caught;
            }
        }
    });
    pool.submit(work);
    work.request_stop();
    work.wait();
    EXPECT_TRUE(caught == 3 || !work.started());
}

TEST(cancellation, does_not_reach_into_a_shield) {
    twill::compute_pool pool({.workers = 2});
    twill::atomic<bool> runs{false};
    twill::atomic<bool> stopped{false};
    bool shielded_part_ended = false;
    test_region work([&](context& here) {
        twill::par::shield(here, [&](context& c) {
            const auto until_stopped = [&](context& inner) {
                runs.store(true);
                while (!stopped.load()) twill::par::join(inner, [] {}, [] {});
                for (int i = 0; i < 100'000; ++i) twill::par::join(inner, [] {}, [] {});
            };
            twill::par::join(c, until_stopped, until_stopped);
            shielded_part_ended = true;
        });
        fork_for_ever(here);
    });
    pool.submit(work);
    wait_without_beat([&] { return runs.load(); });
    work.request_stop();
    stopped.store(true);
    work.wait();
    EXPECT_TRUE(shielded_part_ended);
    EXPECT_TRUE(work.was_cancelled());
}

// No tick repeats what the beats inside took.
TEST(cancellation, that_came_inside_a_shield_is_seen_at_the_first_fork_behind_it) {
    twill::compute_pool pool({.workers = 1});
    bool went_on = false;
    {
        const par_test::held_ticker no_ticks;
        twill::region* self = nullptr;
        test_region work([&](context& here) {
            twill::par::shield(here, [&](context& c) {
                self->request_stop();
                for (int i = 0; i != 10; ++i) twill::par::join(c, [] {}, [] {});
            });
            twill::par::join(here, [&] { went_on = true; }, [] {});
        });
        self = &work;
        pool.submit(work);
        work.wait();
        EXPECT_TRUE(work.was_cancelled());
    }
    EXPECT_FALSE(went_on);
}

// Its destructor forks, as clean-up code may.
struct forks_when_destroyed {
    context& here;
    const twill::atomic<bool>& stopped;
    bool& ended;
    ~forks_when_destroyed() {
        wait_without_beat([&] { return stopped.load(); });
        for (int i = 0; i < 300'000; ++i) twill::par::join(here, [] {}, [] {});
        ended = true;
    }
};

TEST(cancellation, is_never_thrown_while_another_exception_is_on_its_way) {
    twill::compute_pool pool({.workers = 2});
    twill::atomic<bool> runs{false};
    twill::atomic<bool> stopped{false};
    bool ended = false;
    bool arrived = false;
    test_region work([&](context& here) {
        try {
            const forks_when_destroyed last{here, stopped, ended};
            runs.store(true);
            throw std::runtime_error("on its way");
        } catch (const std::runtime_error&) {
            arrived = true;
        }
    });
    pool.submit(work);
    wait_without_beat([&] { return runs.load(); });
    work.request_stop();
    stopped.store(true);
    work.wait();
    EXPECT_TRUE(ended);
    EXPECT_TRUE(arrived);
}

}  // namespace
