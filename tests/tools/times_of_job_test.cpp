#include "twill/map/times_of_job.hpp"

#include <twill/core/sleep.hpp>
#include <twill/io/process.hpp>
#include <twill/runtime/runtime.hpp>

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>

namespace {

using namespace std::chrono_literals;
using twill_command::parse_schedstat;
using twill_command::read_schedstat;
using twill_command::times_of_job;

TEST(times_of_job, are_read_from_what_the_kernel_writes) {
    const auto both = parse_schedstat("57123456 1615000000 42\n");
    ASSERT_TRUE(both.has_value());
    EXPECT_EQ(both->run, 57'123'456ns);
    EXPECT_EQ(both->queued, 1615ms);
    for (const char* wrong :
         {"", "1", "1 ", "x 1 2", "1 x 2", "-1 2 3", "99999999999999999999 1 1"})
        EXPECT_FALSE(parse_schedstat(wrong).has_value()) << wrong;
}

TEST(times_of_job, cpu_time_has_that_of_threads_and_children) {
    using twill_command::parse_cpu_time;
    const std::string head = "7 (a) b (c) S 1 7 7 0 -1 4194560 100 200 0 0 ";
    const auto all = parse_cpu_time(head + "11 22 33 44 20 0 1 0 1234\n", 100);
    ASSERT_TRUE(all.has_value());
    EXPECT_EQ(*all, 1100ms);
    for (const std::string& wrong :
         {std::string(), std::string("7 a S 1"), head, head + "1 2 3", head + "1 2 x 4 5"})
        EXPECT_FALSE(parse_cpu_time(wrong, 100).has_value()) << wrong;
    EXPECT_TRUE(twill_command::read_cpu_time(::getpid()).has_value());
}

TEST(times_of_job, are_there_for_who_has_ended_and_was_not_reaped) {
    twill::run([]() -> twill::task<> {
        auto child = twill::process::start(
            {.arguments = {"sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"}});
        co_await child.ended();
        const auto seen = read_schedstat(child.pid());
        EXPECT_TRUE(seen.has_value());
        EXPECT_GT(seen.value_or(twill_command::scheduled_time{}).run, 1ms);
        co_await child.wait();
        EXPECT_FALSE(read_schedstat(child.pid()).has_value());
    });
}

TEST(times_of_job, blocked_is_what_is_left_of_the_wall_time) {
    const twill::exit_status some{.user = 9ms, .system = 1ms};
    const auto waiting = times_of_job(100ms, {{.run = 10ms, .queued = 30ms}}, some);
    EXPECT_EQ(waiting.run, 10ms);
    EXPECT_EQ(waiting.queued, 30ms);
    EXPECT_EQ(waiting.blocked, 60ms);
    const auto skewed = times_of_job(30ms, {{.run = 10ms, .queued = 30ms}}, some);
    EXPECT_EQ(skewed.blocked, 0ms);
    const auto unknown = times_of_job(100ms, {}, some);
    EXPECT_EQ(unknown.run, 10ms);
    EXPECT_EQ(unknown.blocked, 90ms);
}

// The first thread of `make -j4` waits, and yet the CPUs are busy.
TEST(times_of_job, waiting_for_ones_own_threads_and_children_is_not_being_blocked) {
    const twill::exit_status four_threads{.user = 400ms};
    const auto busy = times_of_job(110ms, {{.run = 5ms, .queued = 5ms}}, four_threads);
    EXPECT_EQ(busy.cpu, 400ms);
    EXPECT_EQ(busy.run, 105ms);
    EXPECT_EQ(busy.blocked, 0ms);
    const twill::exit_status one_child{.user = 60ms};
    const auto half = times_of_job(100ms, {{.run = 10ms, .queued = 0ms}}, one_child);
    EXPECT_EQ(half.run, 60ms);
    EXPECT_EQ(half.blocked, 40ms);
}

}  // namespace
