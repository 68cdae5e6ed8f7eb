// fork() without exec, beside compute pools.
#include <twill/par/for_each.hpp>
#include <twill/par/join.hpp>
#include <twill/runtime/blocked_section.hpp>
#include <twill/runtime/compute_pool.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <tuple>
#include <utility>

#include "par/fixtures.hpp"
#include "support/forked.hpp"

namespace {

using par_test::pool_of;
using par_test::test_region;
using par_test::wait_without_beat;
using twill::compute_pool;
using twill_test::in_child;

// The thread sanitizer ends a forked child that starts a thread.
#ifdef TWILL_TSAN
constexpr bool child_may_start_threads = false;
#else
constexpr bool child_may_start_threads = true;
#endif

void expect_refusal(const twill_test::child_end& end) {
    EXPECT_EQ(end.exit_status(), 70) << end.said;
    EXPECT_NE(end.said.find("forked after its compute pool"), std::string::npos) << end.said;
}

// As many branches as there are in `I` meet: so many threads are there, and a ticker calls them.
template <std::size_t... I>
bool meet(std::index_sequence<I...>) {
    twill::atomic<std::size_t> begun{0};
    const auto branch = [&](std::size_t) {
        begun.fetch_add(1);
        return wait_without_beat([&] { return begun.load() == sizeof...(I); });
    };
    const auto met = twill::par::join([&] { return branch(I); }...);
    return (std::get<I>(met) && ...);
}

bool computes_in_own_pool() {
    const pool_of own(4);
    twill::atomic<int> sum{0};
    twill::par::for_each_index(100'000, [&](std::size_t) { sum.fetch_add(1); });
    return meet(std::make_index_sequence<4>()) && sum.load() == 100'000;
}

TEST(compute_fork, a_region_begun_in_the_parents_pool_ends_the_child_with_a_message) {
    const pool_of parents(2);
    twill::par::for_each_index(1000, [](std::size_t) {});
    expect_refusal(in_child([] {
        twill::par::for_each_index(1000, [](std::size_t) {});
        return 0;
    }));
}

TEST(compute_fork, so_does_one_that_is_submitted_and_a_new_member) {
    compute_pool parents({.workers = 2});
    expect_refusal(in_child([&] {
        test_region work([] {});
        parents.submit(work);
        work.wait();
        return 0;
    }));
    expect_refusal(in_child([&] {
        const compute_pool::membership here(parents);
        return 0;
    }));
}

TEST(compute_fork, so_does_the_wait_for_a_branch_that_a_thread_of_the_parent_runs) {
    const pool_of parents(2);
    twill::atomic<bool> taken{false};
    twill::atomic<bool> child_has_ended{false};
    bool child = false;
    twill_test::child_end end;
    twill::par::join(
        [&] {
            wait_without_beat([&] { return taken.load(); });
            const twill_test::forked here;
            child = here.in_child();
            if (child) return;
            end = here.wait();
            child_has_ended.store(true);
        },
        [&] {
            taken.store(true);
            wait_without_beat([&] { return child_has_ended.load(); });
        });
    if (child) ::_exit(0);
    expect_refusal(end);
}

TEST(compute_fork, so_does_a_blocked_section_and_the_end_of_a_region) {
    compute_pool parents({.workers = 2});
    for (const bool blocks : {true, false}) {
        twill_test::child_end end;
        test_region work([&] {
            const twill_test::forked here;
            if (!here.in_child()) {
                end = here.wait();
            } else if (blocks) {
                const twill::blocked_section waits;
                ::_exit(0);
            }
        });
        parents.submit(work);
        work.wait();
        expect_refusal(end);
    }
}

TEST(compute_fork, a_child_may_compute_serially_in_the_region_that_it_was_forked_in) {
    const pool_of parents(2);
    twill::par::region([] {
        const auto end = in_child([] {
            int sum = 0;
            twill::par::join([&] { sum += 1; }, [&] { sum += 2; });
            return sum;
        });
        EXPECT_TRUE(end.exit_status() == 3 || end.exit_status() == 70) << end.said;
    });
}

// The destructors used to wait for the parent's threads.
TEST(compute_fork, a_child_may_destroy_the_parents_pool) {
    auto parents = std::make_unique<pool_of>(2);
    EXPECT_TRUE(meet(std::make_index_sequence<2>()));
    const auto end = in_child([&] {
        parents.reset();
        return 0;
    });
    EXPECT_EQ(end.exit_status(), 0) << end.said;
}

TEST(compute_fork, a_child_computes_in_a_pool_of_its_own) {
    if (!child_may_start_threads)
        GTEST_SKIP() << "the thread sanitizer ends a forked child that starts a thread";
    const pool_of parents(2);
    EXPECT_TRUE(computes_in_own_pool());
    for (int round = 0; round < 10; ++round) {
        const auto end = in_child([] { return computes_in_own_pool() ? 0 : 1; });
        EXPECT_EQ(end.exit_status(), 0) << end.said;
        EXPECT_TRUE(computes_in_own_pool()) << "the parent goes on";
    }
}

// Whatever the threads of the parent were about to do with the ticker is cut off in the child.
TEST(compute_fork, a_child_computes_whatever_the_parents_threads_were_doing) {
    if (!child_may_start_threads)
        GTEST_SKIP() << "the thread sanitizer ends a forked child that starts a thread";
    twill::atomic<bool> stop{false};
    const auto busy = [&] {
        while (!stop.load()) EXPECT_TRUE(computes_in_own_pool());
    };
    std::thread one(busy);
    std::thread other(busy);
    for (int round = 0; round < 30; ++round) {
        const auto end = in_child([] { return computes_in_own_pool() ? 0 : 1; });
        EXPECT_EQ(end.exit_status(), 0) << end.said;
    }
    stop.store(true);
    one.join();
    other.join();
}

// In children, so that the tests' own process never has the default pool.
TEST(compute_fork, the_default_pool_is_the_childs_if_it_is_the_first_to_use_it) {
    if (!child_may_start_threads)
        GTEST_SKIP() << "the thread sanitizer ends a forked child that starts a thread";
    const pool_of parents(2);
    twill::par::for_each_index(1000, [](std::size_t) {});
    std::thread elsewhere([] {
        const auto end = in_child([] {
            twill::atomic<int> sum{0};
            twill::par::for_each_index(100'000, [&](std::size_t) { sum.fetch_add(1); });
            const auto grandchild = in_child([] {
                twill::par::for_each_index(1000, [](std::size_t) {});
                return 0;
            });
            const auto with_own_pool = in_child([] { return computes_in_own_pool() ? 0 : 1; });
            return sum.load() == 100'000 && grandchild.exit_status() == 70 &&
                           with_own_pool.exit_status() == 0
                       ? 0
                       : 1;
        });
        EXPECT_EQ(end.exit_status(), 0) << end.said;
    });
    elsewhere.join();
}

}  // namespace
