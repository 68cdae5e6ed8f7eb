// twill check on each primitive: what works passes all schedules, what is misused is named.
#include "check/checking.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using twill_test::checking;
using twill_test::finding_of;

struct expectation {
    const char* program;
    const char* scenario;
    const char* finding;  // null: none
};

void PrintTo(const expectation& one, std::ostream* to) {
    *to << one.program << ' ' << one.scenario;
}

std::vector<std::string> lost_signals(const nlohmann::json& said) {
    std::vector<std::string> summaries;
    for (const auto& each : said["failures"][0]["findings"])
        if (each["kind"] == "lost-signal") summaries.push_back(each["summary"]);
    return summaries;
}

class check_primitive : public testing::TestWithParam<expectation> {};

TEST_P(check_primitive, is_judged_rightly) {
    const auto& expected = GetParam();
    const checking here;
    const auto said = here.json({"--schedules", expected.finding == nullptr ? "300" : "1000"},
                                {expected.program, expected.scenario});
    if (expected.finding == nullptr) {
        EXPECT_EQ(said["status"], 0) << said.dump(2);
        EXPECT_EQ(said["schedules"], 300);
    } else {
        EXPECT_EQ(said["status"], 1);
        ASSERT_FALSE(finding_of(said).is_null()) << said;
        EXPECT_EQ(finding_of(said)["kind"], expected.finding) << said.dump(2);
    }
}

constexpr expectation all[] = {
    {"conditions", "forgets_to_look_again", "deadlock"},
    {"conditions", "looks_under_the_lock", nullptr},
    {"conditions", "takes_after_one_look", "crash"},
    {"conditions", "takes_after_looking_again", nullptr},
    {"conditions", "notifies_too_few", "deadlock"},
    {"conditions", "waits_with_a_limit", nullptr},
    {"time", "sleeps_for_a_day", nullptr},
    {"time", "sleeps_again_and_again", nullptr},
    {"time", "shows_the_same_time_always", nullptr},
    {"time", "draws_the_same_numbers_always", nullptr},
    {"time", "works_until_another_has_slept", nullptr},
    {"time", "trusts_in_a_minute", nullptr},
    {"time", "trusts_in_a_second", nullptr},
    {"time", "relies_on_sleep", "crash"},
    {"time", "waits_for_the_clock", nullptr},
    {"primitives", "semaphore_counts", nullptr},
    {"primitives", "semaphore_is_never_posted", "deadlock"},
    {"primitives", "barrier_lets_all_go_at_once", nullptr},
    {"primitives", "barrier_is_used_anew_by_the_last", nullptr},
    {"primitives", "standard_barrier_and_latch", nullptr},
    {"primitives", "readers_share_and_writers_do_not", nullptr},
    {"primitives", "two_readers_upgrade", "deadlock"},
    {"primitives", "once_runs_once", nullptr},
    {"primitives", "once_runs_again_after_an_exception", nullptr},
    {"primitives", "local_statics_are_made_once", nullptr},
    {"primitives", "spin_lock_excludes", nullptr},
    {"primitives", "atomic_wait_and_notify", nullptr},
    {"primitives", "atomic_wait_is_never_notified", "deadlock"},
    {"primitives", "futures_and_async", nullptr},
    {"primitives", "recursive_and_timed_mutexes", nullptr},
    {"primitives", "errorcheck_mutex_says_so", nullptr},
    {"primitives", "robust_mutex_outlives_its_owner", nullptr},
    {"primitives", "holds_many_locks", nullptr},
    {"primitives", "unlocks_what_another_holds", "wrong-unlock"},
    {"primitives", "locks_twice", "relocked"},
    {"primitives", "destroys_while_held", "destroyed-in-use"},
    {"primitives", "many_mutexes_are_told_apart", nullptr},
    {"primitives", "waits_with_a_mutex_locked_twice", "deadlock"},
    {"primitives", "leaves_a_thread_behind", "leaked-thread"},
    {"primitives", "joins_in_a_static_destructor", nullptr},
    {"primitives", "joins_twice", "use-after-join"},
    {"primitives", "takes_locks_in_both_orders", "lock-order"},
    {"primitives", "takes_locks_in_both_orders_safely", nullptr},
    {"primitives", "reads_in_both_orders", nullptr},
    {"primitives", "reads_and_writes_in_both_orders", "lock-order"},
    {"primitives", "thread_local_destructors_lock", "deadlock"},
    {"primitives", "throws_out_of_a_thread", "crash"},
    {"releases", "looks_behind_the_unlock", "crash"},
    {"releases", "looks_before_the_unlock", nullptr},
    {"releases", "sets_behind_the_post", "crash"},
    {"releases", "sets_before_the_post", nullptr},
    {"descriptors", "pipe_hands_over", nullptr},
    {"descriptors", "writes_to_a_reading_end", nullptr},
    {"descriptors", "pipe_takes_more_than_it_holds", nullptr},
    {"descriptors", "many_parts_are_written_as_one", nullptr},
    {"descriptors", "waits_for_all_that_there_is", nullptr},
    {"descriptors", "pipe_is_never_written", "deadlock"},
    {"descriptors", "pipe_is_never_written_beside_children", "deadlock"},
    {"descriptors", "reads_from_a_number_that_does_not_wait", nullptr},
    {"descriptors", "reads_with_a_lock_held", "deadlock"},
    {"descriptors", "sockets_converse", nullptr},
    {"descriptors", "server_and_client", nullptr},
    {"descriptors", "poll_has_a_limit", nullptr},
    {"descriptors", "select_sees_who_is_ready", nullptr},
    {"descriptors", "asks_again_and_again", nullptr},
    {"descriptors", "asks_the_kernel_itself", nullptr},
    {"descriptors", "timers_fire_in_virtual_time", nullptr},
    {"descriptors", "timer_fires_unread", nullptr},
    {"lifetimes", "notifies_what_is_gone", "use-after-free"},
    {"lifetimes", "notifies_under_the_lock", nullptr},
    {"lifetimes", "frees_a_mutex_that_is_waited_for", "use-after-free"},
    {"lifetimes", "outlives_a_static_object", "use-after-free"},
    {"lifetimes", "posts_what_is_gone", "use-after-free"},
    {"cancelling", "in_a_wait_with_cleanup", nullptr},
    {"cancelling", "in_a_wait_without_cleanup", "deadlock"},
    {"cancelling", "in_a_sleep_a_read_and_a_semaphore", nullptr},
    {"cancelling", "in_a_fortified_call", nullptr},
    {"cancelling", "not_while_disabled", nullptr},
    {"cancelling", "joins_in_a_while", nullptr},
    {"signals", "handler_runs_in_its_thread", nullptr},
    {"signals", "raise_is_handled_at_once", nullptr},
    {"signals", "one_thread_takes_all", nullptr},
    {"signals", "sigsuspend_looks_and_sleeps", nullptr},
    {"signals", "pause_comes_too_late", "deadlock"},
    {"signals", "restarted_wait_goes_on", nullptr},
    {"signals", "wait_may_be_interrupted", nullptr},
    {"signals", "process_signal_sets_nobody_free", nullptr},
    {"signals", "one_of_two_takes_it", nullptr},
    {"signals", "handler_takes_a_lock", "relocked"},
    {"signals", "poll_lets_a_signal_in", nullptr},
    {"signals", "values_come_along", nullptr},
    {"signals", "thread_is_meant_by_its_number", nullptr},
    {"c11", "broken", "crash"},
    {"c11", "mended", nullptr},
};

INSTANTIATE_TEST_SUITE_P(each, check_primitive, testing::ValuesIn(all), [](const auto& one) {
    return std::string(one.param.program) + "_" + one.param.scenario;
});

TEST(check_cpus, are_as_many_as_the_command_says) {
    const checking here;
    EXPECT_EQ(here.json({"--schedules", "3", "--cpus", "7"}, {"cpus", "7"})["status"], 0);
    EXPECT_EQ(here.json({"--schedules", "3"}, {"cpus", "4"})["status"], 0);
    EXPECT_EQ(here.json({"--schedules", "3"}, {"cpus", "5"})["status"], 1);
}

TEST(check_start, program_that_lacks_an_unused_symbol_runs) {
    const checking here;
    const auto said = here.json({"--schedules", "20"}, {"missing_symbol"});
    EXPECT_EQ(said["status"], 0) << said.dump(2);
    EXPECT_EQ(said["schedules"], 20);
}

TEST(check_descriptors, peer_that_is_not_there_is_no_deadlock) {
    const checking here;
    const auto said = here.json({"--schedules", "3"}, {"descriptors", "nobody_connects"});
    ASSERT_FALSE(finding_of(said).is_null()) << said;
    EXPECT_EQ(finding_of(said)["kind"], "stuck");
    EXPECT_EQ(said["status"], 2) << "a program that cannot be checked has not failed";
    EXPECT_NE(finding_of(said).dump().find("from outside of the program"), std::string::npos)
        << said.dump(2);
}

TEST(check_descriptors, what_a_child_writes_is_waited_for) {
    const checking here;
    EXPECT_EQ(here.json({"--schedules", "3"}, {"descriptors", "child_writes"})["status"], 0);
    EXPECT_EQ(here.json({"--schedules", "3"}, {"descriptors", "spawned_child_writes"})["status"],
              0);
}

TEST(check_lifetimes, report_says_what_was_used_and_where_it_was_freed) {
    const checking here;
    const auto found = finding_of(here.json({}, {"lifetimes", "posts_what_is_gone"}));
    ASSERT_FALSE(found.is_null());
    EXPECT_NE(found["summary"].get<std::string>().find("uses a semaphore"), std::string::npos)
        << found.dump(2);
    EXPECT_FALSE(found["other_stack"].empty()) << found.dump(2);
}

TEST(check_conditions, deadlock_says_which_notification_was_lost) {
    const checking here;
    const auto said = here.json({}, {"conditions", "forgets_to_look_again"});
    ASSERT_EQ(said["status"], 1);
    EXPECT_EQ(lost_signals(said).size(), 1U) << said.dump(2);
}

TEST(check_conditions, notification_that_would_not_have_helped_is_not_named) {
    const checking here;
    for (const char* const each : {"waits_for_what_nobody_does", "notifies_too_few_again"}) {
        const auto said = here.json({}, {"conditions", each});
        ASSERT_EQ(finding_of(said)["kind"], "deadlock") << said.dump(2);
        EXPECT_EQ(lost_signals(said), std::vector<std::string>{}) << each;
    }
}

TEST(check_conditions, of_two_that_wait_the_one_that_would_go_on_is_named) {
    const checking here;
    const auto said = here.json({"--schedules", "1"}, {"conditions", "loses_one_of_two"});
    ASSERT_EQ(finding_of(said)["kind"], "deadlock") << said.dump(2);
    const auto lost = lost_signals(said);
    ASSERT_EQ(lost.size(), 1U) << said.dump(2);
    EXPECT_NE(lost[0].find("thread 2, which waits there"), std::string::npos) << lost[0];
    // What was tried is none of the run's steps.
    const std::string steps = said["failures"][0]["steps"].dump();
    EXPECT_EQ(steps.find("waits"), std::string::npos) << steps;
}

}  // namespace
