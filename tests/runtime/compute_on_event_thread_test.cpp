// A parallel call inside a task, without co_await compute: it blocks the event thread.
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/par/for_each.hpp>
#include <twill/runtime/compute.hpp>
#include <twill/runtime/runtime.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "par/fixtures.hpp"

namespace {

using twill::runtime;
using twill::task;

int sum_in_parallel() {
    twill::atomic<int> sum{0};
    twill::par::for_each_index(1000, [&](std::size_t) { sum.fetch_add(1); });
    return sum.load();
}

struct reports {
    std::vector<std::string> all;
    runtime here{{.report = [this](std::string_view text) { all.emplace_back(text); }}};
};

TEST(compute_on_event_thread, works_and_a_debug_build_names_the_task_once) {
    const par_test::pool_of pool(2);
    reports got;
    int line = 0;
    got.here.run([&]() -> task<> {
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            line = __LINE__ + 1;
            s.spawn([]() -> task<> {
                EXPECT_EQ(sum_in_parallel(), 1000);
                EXPECT_EQ(sum_in_parallel(), 1000);
                co_return;
            });
            co_return;
        });
    });
#ifdef NDEBUG
    EXPECT_EQ(got.all.size(), 0U);
#else
    ASSERT_EQ(got.all.size(), 1U);
    EXPECT_NE(got.all[0].find("co_await twill::compute"), std::string::npos) << got.all[0];
    const std::string place =
        "compute_on_event_thread_test.cpp:" + std::to_string(line) + " is ready or running";
    EXPECT_NE(got.all[0].find(place), std::string::npos) << got.all[0];
    EXPECT_EQ(got.all[0].find("waits"), std::string::npos) << got.all[0];
#endif
}

TEST(compute_on_event_thread, a_report_that_throws_does_not_end_the_program) {
    const par_test::pool_of pool(2);
    runtime here{{.report = [](std::string_view) { throw std::runtime_error("no"); }}};
    here.run([]() -> task<> {
        EXPECT_EQ(sum_in_parallel(), 1000);
        co_return;
    });
}

TEST(compute_on_event_thread, what_is_awaited_is_not_reported) {
    reports got;
    got.here.run([]() -> task<> { EXPECT_EQ(co_await twill::compute(sum_in_parallel), 1000); });
    EXPECT_EQ(
        [] {
            const par_test::pool_of pool(2);
            return sum_in_parallel();
        }(),
        1000)
        << "nor is what runs outside of tasks";
    EXPECT_EQ(got.all.size(), 0U);
}

}  // namespace
