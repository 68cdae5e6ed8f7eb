// How many jobs run at a time.
#include "tools/running_command.hpp"

#include <twill/runtime/usable_cpus.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace {

using namespace twill_test;

std::string lines(int count) {
    std::string all;
    for (int i = 1; i <= count; ++i) all += std::to_string(i) + "\n";
    return all;
}

// The numbers before " at a time" in what --explain says.
std::vector<unsigned> numbers_at_a_time(const std::string& said) {
    std::vector<unsigned> all;
    const std::string after = " at a time";
    for (auto at = said.find(after); at != std::string::npos; at = said.find(after, at + 1)) {
        const auto begin = said.find_last_not_of("0123456789", at - 1) + 1;
        if (begin < at)
            all.push_back(static_cast<unsigned>(std::stoul(said.substr(begin, at - begin))));
    }
    return all;
}

TEST(map_jobs, that_wait_run_many_at_a_time) {
    const auto many =
        run_command({"map", "--explain", "--", "sh", "-c", "sleep 0.05"}, {.input = lines(200)});
    EXPECT_EQ(many.status, 0);
    const auto reached = numbers_at_a_time(many.err);
    ASSERT_FALSE(reached.empty()) << many.err;
    EXPECT_GE(reached.back(), std::max(8U, 2 * twill::usable_cpus())) << many.err;
}

// Beside others some more, and on a machine that is busy with others, where the runner has to wait
// for its turn, the last ones all at once: job_limit_test knows how many.
TEST(map_jobs, that_compute_do_not_run_all_at_once) {
    const auto end = run_command(
        {"map", "--explain", "--", "sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"},
        {.input = lines(60)});
    EXPECT_EQ(end.status, 0);
    for (const unsigned number : numbers_at_a_time(end.err))
        EXPECT_LT(number, std::max(60U, 16 * twill::usable_cpus() + 1)) << end.err;
}

// Those that have ended are heard of before many more are started.
TEST(map_jobs, that_end_at_once_are_few_at_a_time) {
    const auto end = run_command({"map", "--explain", "--", "true"}, {.input = lines(400)});
    EXPECT_EQ(end.status, 0);
    const auto reached = numbers_at_a_time(end.err);
    ASSERT_FALSE(reached.empty()) << end.err;
    EXPECT_LT(reached.front(), 100U) << end.err;
}

TEST(map_jobs, as_many_as_asked_for) {
    const auto end = run_command({"map", "-j", "3", "--explain", "true"}, {.input = lines(10)});
    EXPECT_EQ(end.err, "twill map: 3 at a time, as asked for\n");
    const auto measured =
        run_command({"map", "-j", "auto", "--explain", "true"}, {.input = lines(10)});
    EXPECT_NE(measured.err.find("CPUs\n"), std::string::npos) << measured.err;
}

TEST(map_jobs, manners_are_for_a_measured_number) {
    EXPECT_EQ(run_command({"map", "--polite", "true", ":::", "1", "2"}).status, 0);
    EXPECT_EQ(run_command({"map", "--greedy", "true", ":::", "1", "2"}).status, 0);
    EXPECT_EQ(run_command({"map", "--polite", "--greedy", "true", ":::", "1"}).status, 2);
    EXPECT_EQ(run_command({"map", "-j2", "--polite", "true", ":::", "1"}).status, 2);
}

TEST(map_jobs, explain_says_so_when_nothing_was_measured) {
    const auto end = run_command({"map", "--explain", "true"});
    EXPECT_NE(end.err.find("no job was measured"), std::string::npos) << end.err;
}

// A limit of open files that nobody asked to exceed is no reason to complain.
TEST(map_jobs, fit_the_limit_of_open_files_without_a_word) {
    const auto few_files = [] {
        const rlimit few{40, 40};
        ::setrlimit(RLIMIT_NOFILE, &few);
    };
    const auto end = run_command({"map", "--", "sh", "-c", "sleep 0.01"},
                                 {.input = lines(40), .in_child = few_files});
    EXPECT_EQ(end.status, 0);
    EXPECT_EQ(end.err, "");
}

}  // namespace
