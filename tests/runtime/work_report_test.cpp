// The table of TWILL_PROFILE=1.
#include <twill/core/error.hpp>
#include <twill/par/for_each.hpp>
#include <twill/par/join.hpp>
#include <twill/par/profile.hpp>
#include <twill/runtime/compute.hpp>
#include <twill/runtime/compute_pool.hpp>
#include <twill/runtime/runtime.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "runtime/work_report.hpp"

namespace {

using namespace std::chrono_literals;
using twill::detail::work_row;

TEST(work_report, table_shows_a_region_a_line_with_the_most_work_first) {
    const work_row rows[] = {
        {{"", "src/load.cpp", 12, nullptr}, 3, 300, {1500us, 1500us, 1500us}},
        {{"render", "src/scene.cpp", 7, nullptr}, 1, 1000, {1024ms, 1ms, 8ms}},
        {{"", "", 0, nullptr}, 1, 1'000'000, {1ms, 500ns, 1ms}},
    };
    EXPECT_EQ(twill::detail::work_table(rows),
              R"(twill: what more cores could gain; each region was run on one core
    work      span parallelism  burdened   2 cores        4        8       16       32       64    runs  region
  1.02 s  1.00 ms        1024       128       2.0  3.9-4.0  7.6-8.0    14-16    26-32    43-64       1  render (scene.cpp:7)
 1.50 ms  1.50 ms         1.0       1.0       1.0      1.0      1.0      1.0      1.0      1.0       3  load.cpp:12
 1.00 ms~  500 ns        2000       1.0   1.0-2.0  1.0-4.0  1.0-8.0   1.0-16   1.0-32   1.0-64       1  :0
~ rough: it is measured in pieces of less than 100 ns
)");
}

// What is said when the program ends, of programs of their own.
class work_report_at_exit : public ::testing::Test {
protected:
    work_report_at_exit() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(work_report_at_exit, has_the_regions_of_the_program) {
    const auto program = [] {
        ::setenv("TWILL_PROFILE", "1", 1);
        {
            twill::compute_pool pool({.workers = 2});
            const twill::compute_pool::membership as_guest(pool);
            for (int run = 0; run != 3; ++run)
                twill::par::region([] { twill::par::join([] {}, [] {}); }, {.name = "named"});
            twill::par::for_each_index(100, [](std::size_t) {});
        }
        twill::run([]() -> twill::task<> {
            co_await twill::compute([] {}, {.name = "from a task"});
            co_await twill::compute([] {});
        });
        std::exit(0);
    };
    for (const char* row :
         {" 3  named \\(work_report_test.cpp:", " 1  par::for_each, twill_",
          " 1  from a task \\(work_report_test.cpp:", " 1  work_report_test.cpp:"})
        EXPECT_EXIT(program(), testing::ExitedWithCode(0), row);
}

TEST_F(work_report_at_exit, is_empty_where_nobody_asked) {
    EXPECT_EXIT(
        {
            ::setenv("TWILL_PROFILE", "0", 1);
            const twill::compute_pool pool({.workers = 2});
            twill::par::join([] {}, [] {});
            static_cast<void>(twill::par::profile([] {}));
            std::exit(0);
        },
        testing::ExitedWithCode(0), "^$");
}

TEST_F(work_report_at_exit, refuses_a_value_that_is_not_understood) {
    EXPECT_EXIT(
        {
            ::setenv("TWILL_PROFILE", "yes", 1);
            try {
                const twill::compute_pool pool({.workers = 2});
            } catch (const twill::usage_error& e) {
                std::fputs(e.what(), stderr);
                std::exit(0);
            }
        },
        testing::ExitedWithCode(0), "TWILL_PROFILE=yes: wanted 1");
}

}  // namespace
