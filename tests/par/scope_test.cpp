#include <twill/par/join.hpp>
#include <twill/par/scope.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "par/fixtures.hpp"

namespace {

using par_test::pool_of;
using par_test::test_region;
using par_test::wait_without_beat;
using twill::atomic;
using twill::par::context;
using twill::par::fork_scope;
using twill::par::scope;

TEST(par_scope, calls_each_fork_once) {
    for (const unsigned workers : {1U, 4U}) {
        const pool_of four(workers);
        for (const std::size_t count :
             {0U, 1U, 2U, 15U, 16U, 17U, 47U, 48U, 49U, 1009U, 100'000U}) {
            std::vector<int> calls(count);
            scope([&](fork_scope& s) {
                for (std::size_t i = 0; i != count; ++i) s.fork([&, i] { ++calls[i]; });
            });
            EXPECT_EQ(std::count(calls.begin(), calls.end(), 1), count) << "of " << count;
        }
    }
}

TEST(par_scope, gives_the_result_of_its_body) {
    int there = 0;
    EXPECT_EQ(scope([](fork_scope&) { return std::make_unique<int>(7); }).operator*(), 7);
    int& same = scope([&](fork_scope&) -> int& { return there; });
    EXPECT_EQ(&same, &there);
}

TEST(par_scope, calls_no_fork_before_the_body_has_ended_on_a_single_worker) {
    const pool_of one(1);
    std::string order;
    scope([&](fork_scope& s) {
        for (const char name : {'a', 'b', 'c'}) s.fork([&order, name] { order += name; });
        order += '.';
    });
    EXPECT_EQ(order.front(), '.');
    std::sort(order.begin(), order.end());
    EXPECT_EQ(order, ".abc");
}

long count_nodes(context& here, int depth) {
    if (depth == 0) return 1;
    atomic<long> nodes{1};
    scope(here, [&](fork_scope& s) {
        for (int i = 0; i != 3; ++i)
            s.fork([&](context& there) { nodes.fetch_add(count_nodes(there, depth - 1)); });
    });
    return nodes.load();
}

TEST(par_scope, nests) {
    const pool_of four(4);
    EXPECT_EQ(twill::par::region([](context& here) { return count_nodes(here, 9); }), 29524);
}

TEST(par_scope, runs_coarse_forks_side_by_side) {
    const pool_of two(2);
    atomic<int> arrived{0};
    const auto meet = [&] {
        arrived.fetch_add(1);
        EXPECT_TRUE(wait_without_beat([&] { return arrived.load() == 2; }));
    };
    scope([&](fork_scope& s) {
        s.fork(meet);
        s.fork(meet);
    });
}

TEST(par_scope, begins_forks_while_the_body_goes_on) {
    const pool_of two(2);
    atomic<bool> forked{false};
    scope([&](fork_scope& s) {
        s.fork([&] { forked.store(true); });
        EXPECT_TRUE(wait_without_beat([&] { return forked.load(); }));
    });
}

TEST(par_scope, shares_what_a_long_body_forks) {
    const pool_of four(4);
    atomic<int> ended{0};
    int forked = 0;
    scope([&](fork_scope& s) {
        // More forks than parts can be given away, until others have ended some.
        while (ended.load() < 100) {
            s.fork([&] { ended.fetch_add(1); });
            ++forked;
        }
    });
    EXPECT_EQ(ended.load(), forked);
}

TEST(par_scope, rethrows_the_first_error_in_the_order_of_the_forks) {
    const pool_of one(1);
    for (int wrong = 0; wrong != 20; ++wrong) {
        std::vector<int> calls(20);
        try {
            scope([&](fork_scope& s) {
                for (int i = 0; i != 20; ++i)
                    s.fork([&, i] {
                        ++calls[static_cast<std::size_t>(i)];
                        if (i >= wrong) throw std::runtime_error(std::to_string(i));
                    });
            });
            FAIL() << "fork " << wrong << " threw, the scope did not";
        } catch (const std::runtime_error& e) {
            // One thread: the first in order, but for the one on offer, which may be left out.
            EXPECT_GE(std::stoi(e.what()), wrong);
            EXPECT_LE(std::stoi(e.what()), wrong + 1);
        }
        for (const int each : calls) EXPECT_LE(each, 1);
    }
}

TEST(par_scope, waits_for_what_has_begun_before_it_rethrows) {
    const pool_of two(2);
    atomic<bool> begun{false};
    atomic<bool> thrown{false};
    atomic<bool> ended{false};
    EXPECT_THROW(scope([&](fork_scope& s) {
                     s.fork([&] {
                         begun.store(true);
                         wait_without_beat([&] { return thrown.load(); });
                         ended.store(true);
                     });
                     wait_without_beat([&] { return begun.load(); });
                     thrown.store(true);
                     throw std::invalid_argument("the body");
                 }),
                 std::invalid_argument);
    EXPECT_TRUE(ended.load());
}

TEST(par_scope, drops_forks_of_a_body_that_throws) {
    const pool_of one(1);
    auto token = std::make_shared<int>();
    int calls = 0;
    EXPECT_THROW(scope([&](fork_scope& s) {
                     for (int i = 0; i != 40; ++i) s.fork([&calls, token] { ++calls; });
                     throw std::invalid_argument("the body");
                 }),
                 std::invalid_argument);
    EXPECT_EQ(calls, 0);
    EXPECT_EQ(token.use_count(), 1) << "the copies are destroyed";
}

TEST(par_scope, takes_functions_that_can_only_be_moved_and_destroys_each_after_its_call) {
    const pool_of one(1);
    auto owned = std::make_unique<int>(5);
    auto token = std::make_shared<int>();
    long seen = 0;
    scope([&](fork_scope& s) {
        s.fork([] {});  // it is on offer
        s.fork([&, mine = std::move(owned)] { seen = *mine; });
        s.fork([token] {});
        s.fork([&] { EXPECT_EQ(token.use_count(), 1); });
    });
    EXPECT_EQ(seen, 5);
}

TEST(par_scope, is_stopped_by_a_request) {
    twill::compute_pool pool({.workers = 2});
    atomic<bool> runs{false};
    test_region work([&](context& here) {
        scope(here, [&](fork_scope& s) {
            for (int i = 0; i != 4; ++i)
                s.fork([&](context& there) {
                    runs.store(true);
                    for (;;) twill::par::join(there, [] {}, [] {});
                });
        });
    });
    pool.submit(work);
    EXPECT_TRUE(wait_without_beat([&] { return runs.load(); }));
    work.request_stop();
    work.wait();
    EXPECT_TRUE(work.was_cancelled());
}

}  // namespace
