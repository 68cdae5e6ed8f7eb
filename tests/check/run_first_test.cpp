// twill check as a whole: finds, reports, repeats, passes.
#include "check/checking.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace {

using twill_test::checking;
using twill_test::finding_of;

bool mentions(const nlohmann::json& stack, const std::string& function) {
    for (const auto& frame : stack)
        if (frame.value("function", "").find(function) != std::string::npos) return true;
    return false;
}

TEST(check_run, deadlock_names_who_waits_for_whom) {
    const checking here;
    const auto said = here.json({}, {"opposite_order"});
    EXPECT_EQ(said["status"], 1);
    ASSERT_EQ(finding_of(said)["kind"], "deadlock") << said;
    const auto& threads = said["failures"][0]["threads"];
    ASSERT_EQ(threads.size(), 3U);
    EXPECT_EQ(threads[1]["waits_for"], 2);
    EXPECT_EQ(threads[2]["waits_for"], 1);
    EXPECT_EQ(threads[0]["state"], "blocked");
    EXPECT_TRUE(mentions(threads[0]["stack"], "main")) << threads[0];
    EXPECT_TRUE(mentions(threads[1]["stack"], "forwards")) << threads[1];
    EXPECT_TRUE(mentions(threads[2]["stack"], "backwards")) << threads[2];
}

TEST(check_run, failed_assertion_is_found_where_native_runs_pass) {
    const checking here;
    const auto said = here.json({}, {"lost_update"});
    EXPECT_EQ(said["status"], 1);
    ASSERT_EQ(finding_of(said)["kind"], "crash") << said;
    EXPECT_TRUE(mentions(finding_of(said)["stack"], "main"));
    EXPECT_NE(said["failures"][0]["output"].get<std::string>().find("balance == 70"),
              std::string::npos);
}

TEST(check_run, correct_program_passes_all_schedules) {
    const checking here;
    const auto said = here.json({"--schedules", "300"}, {"lost_update", "mended"});
    EXPECT_EQ(said["status"], 0);
    EXPECT_EQ(said["schedules"], 300);
    EXPECT_TRUE(said["failures"].empty()) << said;
}

TEST(check_run, saved_schedule_repeats_the_very_same_run) {
    const checking here;
    const auto found = here.json({}, {"opposite_order"});
    ASSERT_EQ(found["status"], 1);
    const std::string saved = found["failures"][0]["replay_file"];
    for (int i = 0; i < 5; ++i) {
        const auto again = here.json({"--replay", saved}, {"opposite_order"});
        EXPECT_EQ(again["status"], 1);
        EXPECT_EQ(again["schedules"], 1);
        ASSERT_EQ(finding_of(again)["kind"], "deadlock");
        EXPECT_EQ(again["failures"][0]["steps"], found["failures"][0]["steps"]);
    }
}

TEST(check_run, replays_are_alike_a_thousand_times) {
    const checking here;
    for (const char* program : {"opposite_order", "lost_update"}) {
        const auto found = here.json({}, {program});
        const std::string saved = found["failures"][0]["replay_file"];
        const auto again = here.json({"--replay", saved, "--times", "1000"}, {program});
        EXPECT_EQ(again["schedules"], 1000);
        EXPECT_EQ(again["unlike_replays"], 0);
        ASSERT_EQ(again["failures"].size(), 1U);
        const auto text = here.run({"--replay", saved, "--times", "10"}, {program}).out;
        EXPECT_NE(text.find("10 schedules, all alike; found: "), std::string::npos) << text;
    }
    const auto none = here.run({"--times", "10"}, {"lost_update"});
    EXPECT_EQ(none.status, 2);
}

TEST(check_run, replay_that_does_something_else_in_the_same_order_is_not_reproducible) {
    const checking here;
    const auto found = here.json({}, {"lost_update"});
    auto schedule = found["failures"][0]["schedule"].get<std::string>();
    // The fingerprint of the steps is its last part.
    auto& last = schedule.back();
    last = last == '0' ? '1' : '0';
    EXPECT_EQ(finding_of(here.json({"--replay", schedule}, {"lost_update"}))["kind"],
              "not-reproducible");
}

TEST(check_run, schedule_is_taken_from_the_command_line_too) {
    const checking here;
    const auto found = here.json({}, {"lost_update"});
    const std::string schedule = found["failures"][0]["schedule"];
    const auto again = here.json({"--replay", schedule}, {"lost_update"});
    EXPECT_EQ(finding_of(again)["kind"], "crash");
}

TEST(check_run, schedule_of_another_program_is_refused) {
    const checking here;
    const auto end = here.json({"--replay", "1 0:1 7:3"}, {"lost_update"});
    EXPECT_EQ(end["status"], 1);
    EXPECT_EQ(finding_of(end)["kind"], "not-reproducible");
    const auto around = here.json({"--replay", "around 1 0:1 7:3"}, {"lost_update"});
    EXPECT_EQ(around["status"], 1);
    EXPECT_EQ(finding_of(around)["kind"], "not-reproducible");
    const auto garbled = here.run({"--replay", "1 0:1 7="}, {"lost_update"});
    EXPECT_EQ(garbled.status, 2);
    EXPECT_NE(garbled.err.find("the schedule cannot be read"), std::string::npos) << garbled.err;
}

TEST(check_run, text_shows_threads_interleaving_and_how_to_repeat) {
    const checking here;
    const auto end = here.run({}, {"opposite_order"});
    EXPECT_EQ(end.status, 1);
    for (const char* part : {"sync mode", "deadlock", "waits for mutex", "held by thread",
                             "opposite_order.cpp:", "The interleaving", "twill check --replay"})
        EXPECT_NE(end.out.find(part), std::string::npos) << part << " is missing in\n" << end.out;
}

TEST(check_run, finding_that_does_not_end_a_run_does_not_end_the_search) {
    const checking here;
    const auto said =
        here.json({"--strategy", "random", "--sync"}, {"notes", "leaks_and_seldom_fails"});
    EXPECT_EQ(said["status"], 1);
    ASSERT_EQ(finding_of(said)["kind"], "crash") << said["failures"][0]["findings"];
    EXPECT_GT(said["failures"][0]["number"], 1);
    EXPECT_EQ(said["failures"][0]["strategy"], "random");
    EXPECT_NE(said["failures"][0]["points"], "");
    std::multiset<std::string> kinds;
    for (const auto& run : said["failures"])
        for (const auto& each : run["findings"]) kinds.insert(each["kind"]);
    EXPECT_EQ(kinds, (std::multiset<std::string>{"crash", "leaked-thread"}));
}

TEST(check_run, status_that_the_first_run_ends_with_does_not_end_the_search) {
    const checking here;
    const auto said = here.json({"--strategy", "random", "--sync"},
                                {"notes", "ends_with_three_and_seldom_fails"});
    EXPECT_EQ(said["status"], 1);
    ASSERT_EQ(said["failures"].size(), 1U) << said["failures"];
    EXPECT_EQ(finding_of(said)["kind"], "crash") << finding_of(said);
    EXPECT_GT(said["failures"][0]["number"], 1);
}

TEST(check_run, status_that_only_some_runs_end_with_is_told_beside_the_usual_one) {
    const checking here;
    const auto said = here.json({"--strategy", "random", "--sync"},
                                {"notes", "ends_with_three_and_seldom_with_four"});
    EXPECT_EQ(said["status"], 1);
    ASSERT_EQ(said["failures"].size(), 1U) << said["failures"];
    EXPECT_EQ(finding_of(said)["kind"], "exit-status");
    EXPECT_NE(finding_of(said)["summary"].get<std::string>().find('4'), std::string::npos)
        << finding_of(said);
    EXPECT_GT(said["failures"][0]["number"], 1);
}

std::multiset<std::string> kinds_of(const nlohmann::json& findings) {
    std::multiset<std::string> kinds;
    for (const auto& each : findings) kinds.insert(each["kind"]);
    return kinds;
}

// A first run and then, by a later one, the order of locks; in a schedule that is as small as one
// can be in which it is noted.
void expect_order_of_locks_beside(const std::string& first, const std::string& scenario) {
    const checking here;
    for (const char* how : {"--jobs=1", "--jobs=2", "--keep-going"}) {
        const auto said = here.json({"--schedules", "1000", "--sync", how}, {"notes", scenario});
        EXPECT_EQ(said["status"], 1);
        // It does not end the search.
        EXPECT_EQ(said["schedules"], 1000) << how;
        std::multiset<std::string> kinds;
        for (const auto& run : said["failures"]) kinds.merge(kinds_of(run["findings"]));
        ASSERT_EQ(kinds, (std::multiset<std::string>{first, "lock-order"})) << how;
        for (const auto& run : said["failures"]) {
            if (run["findings"][0]["kind"] != "lock-order") {
                EXPECT_EQ(run["number"], 1) << how;
                continue;
            }
            EXPECT_GT(run["number"], 1) << how;
            const std::string schedule = run["schedule"];
            // Two preemptions, of some twenty; how many entries tell them differs between
            // compilers.
            EXPECT_LE(std::ranges::count(schedule, ':'), 10) << schedule;
            const auto again = here.json({"--replay", schedule}, {"notes", scenario});
            ASSERT_EQ(again["failures"].size(), 1U);
            EXPECT_EQ(kinds_of(again["failures"][0]["findings"]).count("lock-order"), 1U) << how;
        }
    }
}

TEST(check_run, note_of_a_later_run_is_told_beside_the_status_that_all_end_with) {
    expect_order_of_locks_beside("exit-status", "ends_with_three_and_seldom_inverts");
}

TEST(check_run, note_of_a_later_run_is_told_beside_what_all_runs_note) {
    expect_order_of_locks_beside("wrong-unlock", "unlocks_wrongly_and_seldom_inverts");
}

TEST(check_run, status_of_the_first_run_is_a_failure_once_another_run_passes) {
    const checking here;
    bool first_failed = false;
    for (const char* jobs : {"1", "2"})
        for (const char* seed : {"1", "2", "3", "4", "5", "6"}) {
            const auto said = here.json({"--schedules", "1000", "--seed", seed, "--jobs", jobs},
                                        {"notes", "ends_with_three_or_well"});
            EXPECT_EQ(said["status"], 1);
            EXPECT_LT(said["schedules"], 1000) << "seed " << seed << ", jobs " << jobs;
            ASSERT_EQ(said["failures"].size(), 1U) << said["failures"];
            EXPECT_EQ(finding_of(said)["kind"], "exit-status");
            first_failed = first_failed || said["failures"][0]["number"] == 1;
        }
    EXPECT_TRUE(first_failed) << "no seed makes the first run fail: this tests nothing";
}

TEST(check_run, status_that_all_runs_end_with_is_told_after_all_schedules) {
    const checking here;
    const auto said = here.json({"--schedules", "50"}, {"notes", "ends_with_three"});
    EXPECT_EQ(said["status"], 1);
    EXPECT_EQ(said["schedules"], 50);
    EXPECT_GT(said["interleavings"], 1);
    ASSERT_EQ(said["failures"].size(), 1U) << said["failures"];
    EXPECT_EQ(finding_of(said)["kind"], "exit-status");
    const auto fine =
        here.json({"--schedules", "50", "--exit-status", "3"}, {"notes", "ends_with_three"});
    EXPECT_EQ(fine["status"], 0);
}

TEST(check_run, ctrl_c_while_a_schedule_is_shrunk_tells_what_was_found) {
    const checking here;
    const std::string runs = here / "runs";
    twill_test::running_command command(
        {"check", "--", std::string(TWILL_CHECKED_PROGRAMS) + "/notes", "fails_slowly"},
        {.in_child = [&] {
            ::setenv("TWILL_TEST_RUNS", runs.c_str(), 1);
            std::filesystem::current_path(here / "");
        }});
    // The first run fails; those after it are for a smaller schedule.
    ASSERT_TRUE(twill_test::eventually([&] {
        std::error_code none;
        const auto size = std::filesystem::file_size(runs, none);
        return !none && size >= 2;
    }));
    command.signal(SIGINT);
    const auto end = command.finish();
    EXPECT_EQ(end.status, 1) << end.out << end.err;
    EXPECT_NE(end.out.find("stage_now() == 3"), std::string::npos) << end.out;
    EXPECT_NE(end.out.find("twill check --replay"), std::string::npos) << end.out;
}

TEST(check_run, later_schedule_that_is_stuck_is_no_failure_of_the_program) {
    const checking here;
    const auto end =
        here.run({"--strategy", "random", "--sync"}, {"notes", "waits_outside_seldom"});
    EXPECT_EQ(end.status, 2) << end.out;
    EXPECT_NE(end.err.find("cannot be checked: schedule "), std::string::npos) << end.err;
}

TEST(check_run, time_that_is_shorter_than_the_look_for_what_hangs_does_not_hide_it) {
    const checking here;
    const auto waits = here.json({"--time", "200ms"}, {"notes", "waits_in_an_unknown_call"});
    EXPECT_EQ(waits["status"], 2) << waits;
    ASSERT_FALSE(finding_of(waits).is_null()) << waits;
    EXPECT_EQ(finding_of(waits)["kind"], "stuck");
    const auto computes = here.json({"--time", "200ms"}, {"notes", "computes_for_ever"});
    // Beside many others it may not get its two seconds of CPU time; then at least that is told.
    if (computes["left_behind"] == true) {
        EXPECT_EQ(computes["status"], 2) << computes;
    } else {
        EXPECT_EQ(computes["status"], 1) << computes;
        ASSERT_FALSE(finding_of(computes).is_null()) << computes;
        EXPECT_EQ(finding_of(computes)["kind"], "spin");
    }
}

TEST(check_run, crash_that_leaves_no_readable_stack_is_told_once) {
    const checking here;
    const auto said = here.json({}, {"notes", "crashes_with_a_broken_stack"});
    EXPECT_EQ(said["status"], 1);
    ASSERT_EQ(said["failures"].size(), 1U) << said["failures"];
    ASSERT_EQ(said["failures"][0]["findings"].size(), 1U) << said["failures"];
    EXPECT_EQ(finding_of(said)["kind"], "crash");
    EXPECT_EQ(finding_of(said)["summary"], "ended by SIGSEGV in thread 1");
}

TEST(check_run, what_was_only_noted_is_told_once_after_all_schedules) {
    const checking here;
    const auto said = here.json({"--schedules", "200"}, {"notes", "leaks"});
    EXPECT_EQ(said["status"], 1);
    EXPECT_EQ(said["schedules"], 200);
    ASSERT_EQ(said["failures"].size(), 1U) << said;
    EXPECT_EQ(finding_of(said)["kind"], "leaked-thread");
    EXPECT_TRUE(mentions(finding_of(said)["stack"], "leak")) << finding_of(said);
    const auto text = here.run({"--schedules", "50"}, {"notes", "leaks"}).out;
    EXPECT_NE(text.find("looking on for worse"), std::string::npos) << text;
    EXPECT_NE(text.find("found: leaked-thread"), std::string::npos) << text;
}

TEST(check_run, distinct_interleavings_are_counted_the_same_by_any_number_of_jobs) {
    const checking here;
    // The other strategies go by what the runs before showed, which is another thing in each job.
    std::vector<std::string> options = {"--schedules", "300", "--strategy", "random"};
    const auto one = here.json(options, {"lost_update", "mended"});
    options.insert(options.end(), {"--jobs", "2"});
    const auto two = here.json(options, {"lost_update", "mended"});
    // Who is first under the lock, and whether main waits for each.
    EXPECT_GT(one["interleavings"], 1);
    EXPECT_LT(one["interleavings"], 300);
    EXPECT_EQ(one["interleavings"], two["interleavings"]);
    EXPECT_EQ(one["interleavings_estimated"], false);
    const auto text = here.run({"--schedules", "300"}, {"lost_update", "mended"}).out;
    EXPECT_NE(text.find("300 schedules, "), std::string::npos) << text;
    EXPECT_NE(text.find(" distinct interleavings, nothing found; this is no proof"),
              std::string::npos)
        << text;
}

TEST(check_run, wait_for_the_end_of_a_thread_does_not_say_twice_whom_it_waits_for) {
    const checking here;
    const auto text = here.run({}, {"opposite_order"}).out;
    EXPECT_NE(text.find("waits for the end of thread"), std::string::npos) << text;
    for (const auto& line : twill_test::lines_of(text))
        if (line.find("waits for the end of") != std::string::npos) {
            EXPECT_EQ(line.find("held by"), std::string::npos) << line;
        }
}

// What all that ran so far, for the tests before as well, took at most and in all.
struct spending {
    long kilobytes;  // of the largest process
    double cpu_seconds;

    static spending now() {
        rusage used{};
        EXPECT_EQ(::getrusage(RUSAGE_CHILDREN, &used), 0);
        const auto seconds = [](const timeval& time) {
            return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
        };
        return {used.ru_maxrss, seconds(used.ru_utime) + seconds(used.ru_stime)};
    }
};

TEST(check_run, schedules_cost_neither_memory_nor_much_time) {
    const checking here;
    here.json({"--schedules", "300"}, {"lost_update", "mended"});
    const auto few = spending::now();
    const auto said = here.json({"--schedules", "5000"}, {"lost_update", "mended"});
    const auto many = spending::now();
    EXPECT_EQ(said["schedules"], 5000);
    EXPECT_LT(many.kilobytes, few.kilobytes + 1024) << "300 schedules took " << few.kilobytes;
    // Of CPU time, which does not depend on what else runs: 0.4 ms is usual.
    EXPECT_LT((many.cpu_seconds - few.cpu_seconds) / 5000, 0.004);
}

TEST(check_run, program_that_never_comes_to_main_is_given_up) {
    const checking here;
    const auto end = here.run({"--time", "500ms"}, {"never_starts"});
    EXPECT_EQ(end.status, 2);
    EXPECT_NE(end.err.find("never_starts has not come to main"), std::string::npos) << end.err;
}

TEST(check_run, wrong_command_lines_are_refused_with_the_mend) {
    const checking here;
    const auto no_program = twill_test::run_command({"check"});
    EXPECT_EQ(no_program.status, 2);
    EXPECT_NE(no_program.err.find("no program"), std::string::npos);
    const auto typo = twill_test::run_command({"check", "--schedule", "5", "true"});
    EXPECT_EQ(typo.status, 2);
    EXPECT_NE(typo.err.find("did you mean --schedules"), std::string::npos) << typo.err;
    const auto missing = here.run({}, {"no_such_program"});
    EXPECT_EQ(missing.status, 2);
    EXPECT_NE(missing.err.find("cannot execute"), std::string::npos) << missing.err;
    const auto number = here.run({"--schedules", "many"}, {"lost_update"});
    EXPECT_EQ(number.status, 2);
    EXPECT_NE(number.err.find("--schedules takes a number"), std::string::npos) << number.err;
}

}  // namespace
