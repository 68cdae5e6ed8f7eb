// What a thread may do, and must not do, while it waits for a branch that another one runs.
#include <twill/par/for_each.hpp>
#include <twill/par/join.hpp>
#include <twill/runtime/blocked_section.hpp>

#include <gtest/gtest.h>

#include <mutex>

#include "par/fixtures.hpp"

namespace {

using par_test::pool_of;
using par_test::wait_without_beat;
using twill::par::context;

long fib(context& here, int n) {
    if (n < 2) return n;
    auto [a, b] = twill::par::join(
        here, [n](context& c) { return fib(c, n - 1); }, [n](context& c) { return fib(c, n - 2); });
    return a + b;
}

// Rayon and others deadlock here: a waiter that picks up a sibling iteration wants a lock that it
// holds itself.
TEST(waiting, sibling_iterations_may_join_under_a_lock) {
    for (const unsigned workers : {1U, 2U, 4U}) {
        pool_of test(workers);
        std::mutex lock;
        long total = 0;
        twill::par::for_each_index(64, [&](context& here, std::size_t) {
            const std::lock_guard hold(lock);
            total += fib(here, 16);
        });
        EXPECT_EQ(total, 64 * 987);
    }
}

TEST(waiting, a_waiting_thread_never_runs_a_sibling_of_what_it_is_inside) {
    pool_of test(3);
    thread_local bool inside = false;
    twill::atomic<int> entered_twice{0};
    twill::par::for_each_index(300, [&](context& here, std::size_t) {
        if (inside) entered_twice.fetch_add(1);
        inside = true;
        static_cast<void>(fib(here, 18));
        inside = false;
    });
    EXPECT_EQ(entered_twice.load(), 0);
}

TEST(waiting, regions_nest) {
    pool_of test(2);
    const long sum = twill::par::region([](context& c) {
        return twill::par::region([&](context&) { return fib(c, 15); }) + fib(c, 15);
    });
    EXPECT_EQ(sum, 1220);
}

TEST(waiting, a_blocked_thread_lends_its_core) {
    twill::compute_pool pool({.workers = 1});
    twill::atomic<bool> second_ran{false};
    bool saw_it = false;
    par_test::test_region first([&] {
        const twill::blocked_section waiting;
        saw_it = wait_without_beat([&] { return second_ran.load(); });
    });
    par_test::test_region second([&] { second_ran.store(true); });
    pool.submit(first);
    pool.submit(second);
    first.wait();
    second.wait();
    EXPECT_TRUE(saw_it);
    EXPECT_EQ(pool.threads(), 2U);
}

TEST(waiting, what_a_blocked_thread_forked_is_taken_by_a_spare_one) {
    twill::compute_pool pool({.workers = 1});
    twill::atomic<bool> second_ran{false};
    bool saw_it = false;
    par_test::test_region work([&] {
        twill::par::join(
            [&] {
                const twill::blocked_section waiting;
                const twill::blocked_section nested;
                saw_it = wait_without_beat([&] { return second_ran.load(); });
            },
            [&] { second_ran.store(true); });
    });
    pool.submit(work);
    work.wait();
    EXPECT_TRUE(saw_it);
}

TEST(waiting, at_the_limit_of_threads_blocked_work_is_run_by_its_owner) {
    twill::compute_pool pool({.workers = 2, .max_threads = 2});
    twill::atomic<int> sum{0};
    par_test::test_region work([&] {
        twill::par::for_each_index(100, [&](context& here, std::size_t) {
            twill::par::join(
                here,
                [&] {
                    const twill::blocked_section waiting;
                    sum.fetch_add(1);
                },
                [&](context& c) { sum.fetch_add(fib(c, 10) == 55 ? 1 : 0); });
        });
    });
    pool.submit(work);
    work.wait();
    EXPECT_EQ(sum.load(), 200);
    EXPECT_LE(pool.threads(), 2U);
}

TEST(waiting, fine_forks_do_not_make_threads_without_end) {
    twill::compute_pool pool({.workers = 2});
    for (int round = 0; round < 5; ++round) {
        par_test::test_region work([](context& here) { EXPECT_EQ(fib(here, 27), 196418); });
        pool.submit(work);
        work.wait();
    }
    EXPECT_LE(pool.threads(), 6U);
}

TEST(waiting, a_blocked_section_outside_of_any_pool_does_nothing) {
    const twill::blocked_section waiting;
    pool_of test(2);
    const twill::blocked_section outside_of_a_region;
    EXPECT_EQ(twill::par::region([](context& c) { return fib(c, 15); }), 610);
}

struct expected_failure {};

// A tree of forks whose shape, locks, blocks and failures come from `seed`. Gives its leaves.
int odd_tree(context& here, unsigned seed, int depth, std::mutex& lock) {
    if (depth == 0) return 1;
    const unsigned mixed = seed * 2654435761U >> 7;
    const auto child = [&](unsigned n) {
        return [&lock, next = mixed + n, depth](context& c) {
            return odd_tree(c, next, depth - 1, lock);
        };
    };
    switch (mixed % 64) {
        case 0: {
            const twill::blocked_section waiting;
            break;
        }
        case 1: {
            const std::lock_guard hold(lock);
            static_cast<void>(fib(here, 8));
            break;
        }
        case 2:
            try {
                twill::par::join(here, child(1), [](context&) { throw expected_failure(); });
            } catch (const expected_failure&) {
            }
            break;
        case 3: {
            twill::atomic<int> leaves{0};
            twill::par::for_each_index(here, 2, [&](context& c, std::size_t i) {
                leaves.fetch_add(child(static_cast<unsigned>(i))(c));
            });
            return leaves.load();
        }
        default:
            break;
    }
    auto [a, b] = twill::par::join(here, child(0), child(1));
    return a + b;
}

TEST(waiting, guests_and_regions_with_locks_blocks_and_failures_all_come_to_their_end) {
    twill::compute_pool pool({.workers = 3, .max_threads = 8});
    for (unsigned round = 0; round < 3; ++round) {
        std::mutex lock;
        const auto body = [&](context& here) {
            EXPECT_EQ(odd_tree(here, round, 11, lock), 1 << 11);
        };
        par_test::test_region first(body);
        par_test::test_region second(body);
        pool.submit(first);
        pool.submit(second);
        std::thread guest([&] {
            const twill::compute_pool::membership here(pool);
            twill::par::region(body);
        });
        {
            const twill::compute_pool::membership here(pool);
            twill::par::region(body);
        }
        guest.join();
        first.wait();
        second.wait();
    }
    EXPECT_LE(pool.threads(), 8U);
}

}  // namespace
