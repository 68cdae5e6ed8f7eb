#include <twill/par/for_each.hpp>
#include <twill/par/pipeline.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "par/fixtures.hpp"

namespace {

using par_test::pool_of;
using twill::par::context;
using twill::par::parallel;
using twill::par::serial_in_order;
using twill::par::stage;

// Gives 0, 1, ... up to `end`.
auto count_to(int end) {
    return [end, next = 0]() mutable -> std::optional<int> {
        if (next == end) return std::nullopt;
        return next++;
    };
}

TEST(pipeline, keeps_the_order_of_serial_stages) {
    for (const unsigned workers : {1U, 2U, 4U}) {
        const pool_of pool(workers);
        for (const std::size_t tokens : {1U, 2U, 7U, 64U})
            for (const int n : {0, 1, 2, 1000}) {
                std::vector<std::string> got;
                int in_middle = 0;
                twill::par::pipeline(
                    tokens, stage(serial_in_order, count_to(n)),
                    stage(parallel, [](int i) { return std::make_unique<int>(i); }),
                    stage(serial_in_order,
                          [&](std::unique_ptr<int> i) {
                              EXPECT_EQ(*i, in_middle++);
                              return i;
                          }),
                    stage(parallel,
                          [](const std::unique_ptr<int>& i) { return std::to_string(*i); }),
                    stage(serial_in_order, [&](std::string text) { got.push_back(text); }));
                ASSERT_EQ(got.size(), static_cast<std::size_t>(n)) << workers << ", " << tokens;
                for (int i = 0; i != n; ++i)
                    ASSERT_EQ(got[static_cast<std::size_t>(i)], std::to_string(i));
            }
    }
}

TEST(pipeline, has_no_more_values_under_way_than_tokens) {
    const pool_of four(4);
    twill::atomic<int> under_way{0};
    twill::atomic<int> most{0};
    auto source = [next = 0, &under_way, &most]() mutable -> std::optional<int> {
        const int now = under_way.fetch_add(1) + 1;
        if (now > most.load()) most.store(now);
        if (next == 500) return std::nullopt;
        return next++;
    };
    twill::par::pipeline(3, stage(serial_in_order, source),
                         stage(parallel, [](int i) { return i; }),
                         stage(parallel, [&](int) { under_way.fetch_sub(1); }));
    EXPECT_LE(most.load(), 3);
}

TEST(pipeline, passes_on_what_a_stage_throws_and_drops_the_rest) {
    for (const unsigned workers : {1U, 4U}) {
        const pool_of pool(workers);
        for (const int failing_stage : {0, 1, 2})
            for (const int fails_at : {0, 1, 77}) {
                const auto maybe_fail = [&](int which, int i) {
                    if (which == failing_stage && i == fails_at) throw std::runtime_error("stage");
                };
                auto source = [&, next = 0]() mutable -> std::optional<std::shared_ptr<int>> {
                    maybe_fail(0, next);
                    return std::make_shared<int>(next++);
                };
                int written = 0;
                EXPECT_THROW(twill::par::pipeline(8, stage(serial_in_order, source),
                                                  stage(parallel,
                                                        [&](std::shared_ptr<int> i) {
                                                            maybe_fail(1, *i);
                                                            return i;
                                                        }),
                                                  stage(serial_in_order,
                                                        [&](const std::shared_ptr<int>& i) {
                                                            maybe_fail(2, *i);
                                                            EXPECT_EQ(*i, written++);
                                                        })),
                             std::runtime_error);
                EXPECT_LE(written, fails_at);
            }
    }
}

TEST(pipeline, is_stopped_with_its_region) {
    twill::compute_pool pool({.workers = 2});
    twill::atomic<bool> runs{false};
    par_test::test_region work([&](context& here) {
        twill::par::pipeline(
            here, 4, stage(serial_in_order, [] { return std::optional<int>(1); }),
            stage(parallel, [&](int) { runs.store(true, std::memory_order_relaxed); }));
    });
    pool.submit(work);
    EXPECT_TRUE(par_test::wait_without_beat([&] { return runs.load(); }));
    work.request_stop();
    work.wait();
    EXPECT_TRUE(work.was_cancelled());
}

TEST(pipeline, has_stages_that_compute_in_parallel_themselves) {
    const pool_of four(4);
    twill::atomic<long> sum{0};
    twill::par::pipeline(
        4, stage(serial_in_order, count_to(50)), stage(parallel, [&](context& here, int i) {
            twill::par::for_each_index(
                here, 1000, [&](std::size_t) { sum.fetch_add(i, std::memory_order_relaxed); });
            long inner = 0;
            twill::par::pipeline(here, 2, stage(serial_in_order, count_to(10)),
                                 stage(serial_in_order, [&](int k) { inner += k; }));
            EXPECT_EQ(inner, 45);
        }));
    EXPECT_EQ(sum.load(), 1225L * 1000);
}

TEST(pipeline, needs_a_token) {
    EXPECT_THROW(twill::par::pipeline(0, stage(serial_in_order, count_to(1))),
                 std::invalid_argument);
}

}  // namespace
