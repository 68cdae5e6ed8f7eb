#include <twill/par/join.hpp>
#include <twill/par/shield.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "par/fixtures.hpp"
#include "support/sanitized.hpp"

namespace {

using par_test::pool_of;
using par_test::wait_without_beat;
using twill::par::context;
using twill::par::join;

long fib(context& here, int n) {
    if (n < 2) return n;
    auto [a, b] = join(
        here, [n](context& c) { return fib(c, n - 1); }, [n](context& c) { return fib(c, n - 2); });
    return a + b;
}

long plain_fib(int n) {
    if (n < 2) return n;
    auto [a, b] = join([n] { return plain_fib(n - 1); }, [n] { return plain_fib(n - 2); });
    return a + b;
}

TEST(join, gives_the_serial_result_however_many_workers) {
    for (const unsigned workers : {1U, 2U, 3U, 8U}) {
        pool_of test(workers);
        EXPECT_EQ(twill::par::region([](context& here) { return fib(here, 25); }), 75025);
        EXPECT_EQ(plain_fib(22), 17711);
    }
}

TEST(join, works_on_a_thread_that_never_heard_of_pools) {
    long result = 0;
    std::thread([&] { result = plain_fib(20); }).join();
    EXPECT_EQ(result, 6765);
}

TEST(join, gives_values_references_and_monostate_for_void) {
    pool_of test(2);
    int target = 1;
    auto result = join([] { return std::string("value"); }, [&]() -> int& { return target; }, [] {},
                       [] { return std::make_unique<int>(4); });
    static_assert(
        std::is_same_v<decltype(result),
                       std::tuple<std::string, int&, std::monostate, std::unique_ptr<int>>>);
    EXPECT_EQ(std::get<0>(result), "value");
    EXPECT_EQ(&std::get<1>(result), &target);
    EXPECT_EQ(*std::get<3>(result), 4);
    static_assert(std::is_void_v<decltype(join([] {}, [] {}, [] {}))>);
}

TEST(join, takes_up_to_eight_branches) {
    pool_of test(2);
    auto [a, b, c, d, e, f, g, h] =
        join([] { return 1; }, [] { return 2; }, [] { return 3; }, [](context&) { return 4; },
             [] { return 5; }, [] { return 6; }, [] { return 7; }, [] { return 8; });
    EXPECT_EQ(a + b * 10 + c * 100 + d * 1000 + e * 10000, 54321);
    EXPECT_EQ(f + g * 10 + h * 100, 876);
}

// Whose copy would be trivial, were it not forbidden.
struct move_only_constant {
    explicit move_only_constant(int gives) : value(gives) {}
    move_only_constant(move_only_constant&&) = default;
    move_only_constant& operator=(move_only_constant&&) = default;
    int operator()() const { return value; }
    void operator()(std::size_t /*i*/) const {}
    int value;
};
static_assert(std::is_trivially_copyable_v<move_only_constant>);

TEST(join, takes_move_only_callables_that_are_trivial) {
    pool_of test(2);
    const move_only_constant kept(2);
    const auto [a, b, c] = join(move_only_constant(1), kept, move_only_constant(3));
    EXPECT_EQ(a + b * 10 + c * 100, 321);
}

TEST(join, takes_move_only_callables_and_callables_that_the_caller_keeps) {
    pool_of test(2);
    auto owned = [p = std::make_unique<int>(5)] { return *p; };
    const auto kept = [p = std::make_shared<int>(6)] { return *p; };
    auto [a, b] = join(std::move(owned), kept);
    auto [c, d] = join(kept, [p = std::make_unique<int>(7)] { return *p; });
    EXPECT_EQ(a + b + c + d, 5 + 6 + 6 + 7);
}

// Both branches wait until the other has begun, without a beat: this ends only if they run side by
// side.
bool run_side_by_side() {
    twill::atomic<int> begun{0};
    const auto branch = [&] {
        begun.fetch_add(1);
        return wait_without_beat([&] { return begun.load() == 2; });
    };
    auto [a, b] = join(branch, branch);
    return a && b;
}

TEST(join, a_callable_that_the_caller_keeps_is_called_itself_where_a_copy_would_differ) {
    pool_of test(2);
    auto count = [calls = 0]() mutable { return ++calls; };
    const auto own = [inside = 7]() -> const int& { return inside; };
    for (int before = 0; before != 6; before += 2) {
        const auto [left, right] = join(count, own);
        EXPECT_EQ(left, before + 1) << "a copy was called";
        EXPECT_EQ(&right, &own()) << "a copy gave a reference to its inside";
        const auto [first, second] = join(own, count);
        EXPECT_EQ(&first, &own()) << "a copy gave a reference to its inside";
        EXPECT_EQ(second, before + 2) << "a copy was called";
    }
}

TEST(join, two_coarse_branches_run_side_by_side_from_a_plain_thread) {
    pool_of test(2);
    EXPECT_TRUE(run_side_by_side());
}

TEST(join, two_coarse_branches_run_side_by_side_from_a_worker) {
    twill::compute_pool pool({.workers = 2});
    bool met = false;
    par_test::test_region work([&] { met = run_side_by_side(); });
    pool.submit(work);
    work.wait();
    EXPECT_TRUE(met);
}

TEST(join, eight_coarse_branches_run_side_by_side_on_eight_workers) {
    pool_of test(8);
    twill::atomic<int> begun{0};
    const auto branch = [&] {
        begun.fetch_add(1);
        return wait_without_beat([&] { return begun.load() == 8; });
    };
    auto [a, b, c, d, e, f, g, h] =
        join(branch, branch, branch, branch, branch, branch, branch, branch);
    EXPECT_TRUE(a && b && c && d && e && f && g && h);
}

TEST(join, a_failure_of_the_first_branch_is_rethrown_and_leaves_out_what_was_not_begun) {
    pool_of test(1);
    bool second = false;
    EXPECT_THROW(join([] { throw std::runtime_error("first"); }, [&] { second = true; }),
                 std::runtime_error);
    EXPECT_FALSE(second);
}

TEST(join, a_failure_of_the_second_branch_is_rethrown) {
    pool_of test(1);
    EXPECT_THROW(join([] {}, [] { throw std::runtime_error("second"); }), std::runtime_error);
}

TEST(join, of_two_failures_the_first_in_order_is_rethrown_after_both_have_ended) {
    pool_of test(2);
    twill::atomic<bool> second_begun{false};
    twill::atomic<bool> second_ended{false};
    try {
        join(
            [&] {
                wait_without_beat([&] { return second_begun.load(); });
                throw std::runtime_error("first");
            },
            [&] {
                second_begun.store(true);
                std::this_thread::yield();
                second_ended.store(true);
                throw std::logic_error("second");
            });
        FAIL() << "nothing was thrown";
    } catch (const std::runtime_error& e) {
        EXPECT_STREQ(e.what(), "first");
        EXPECT_TRUE(second_ended.load());
    }
}

TEST(join, a_failure_on_another_thread_arrives_here) {
    pool_of test(2);
    twill::atomic<bool> second_begun{false};
    EXPECT_THROW(join([&] { wait_without_beat([&] { return second_begun.load(); }); },
                      [&] {
                          second_begun.store(true);
                          throw std::logic_error("second");
                      }),
                 std::logic_error);
}

TEST(join, results_of_a_branch_that_ran_elsewhere_are_destroyed_when_the_other_fails) {
    pool_of test(2);
    const auto counted = std::make_shared<int>(0);
    twill::atomic<bool> second_begun{false};
    EXPECT_THROW(join(
                     [&] {
                         wait_without_beat([&] { return second_begun.load(); });
                         throw std::runtime_error("first");
                     },
                     [&] {
                         second_begun.store(true);
                         return counted;
                     }),
                 std::runtime_error);
    EXPECT_EQ(counted.use_count(), 1);
}

int depth_on_one_side(context& here, int left) {
    if (left == 0) return 0;
    auto [below, one] =
        join(here, [left](context& c) { return depth_on_one_side(c, left - 1); }, [] { return 1; });
    return below + one;
}

TEST(join, nests_ten_thousand_deep_on_one_side) {
    pool_of test(2);
    // Instrumented frames are many times larger; the stack is not.
    constexpr int depth = twill_test::sanitized ? 1'000 : 10'000;
    EXPECT_EQ(twill::par::region([](context& c) { return depth_on_one_side(c, depth); }), depth);
}

TEST(join, a_worker_of_one_pool_may_use_another_as_a_guest) {
    pool_of outer(2);
    twill::compute_pool other({.workers = 2});
    auto [a, b] = join(
        [&] {
            twill::compute_pool::membership there(other);
            EXPECT_EQ(&twill::compute_pool::current(), &other);
            return plain_fib(18);
        },
        [] { return plain_fib(18); });
    EXPECT_EQ(a, 2584);
    EXPECT_EQ(b, 2584);
    EXPECT_EQ(&twill::compute_pool::current(), &outer.pool);
}

}  // namespace
