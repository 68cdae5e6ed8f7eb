// What goes wrong around `twill map`, and the exit status.
#include "support/sanitized.hpp"
#include "tools/running_command.hpp"

#include <sys/mount.h>

#include <initializer_list>

namespace {

using namespace twill_test;

outcome exits_with(const std::vector<std::string>& codes) {
    return run_command(map_shell({}, "exit $1", codes));
}

TEST(map_fault, status_is_the_number_of_failed_jobs) {
    EXPECT_EQ(exits_with({"0", "0"}).status, 0);
    const auto one = exits_with({"0", "7"});
    EXPECT_EQ(one.status, 1);
    EXPECT_EQ(one.err,
              "twill map: 1 of 2 jobs failed; the first: sh -c 'exit $1' sh 7: exit status 7\n");
}

TEST(map_fault, status_stops_counting_at_101) {
    const auto all_fail = [](std::size_t jobs) {
        std::vector<std::string> words = {"map", "-j4", "false", ":::"};
        words.resize(words.size() + jobs, "x");
        return run_command(words).status;
    };
    EXPECT_EQ(all_fail(100), 100);
    EXPECT_EQ(all_fail(103), 101);
}

TEST(map_fault, job_killed_by_a_signal_is_a_failure_that_is_told) {
    const auto end = run_command(map_shell({}, "kill -KILL $$", {"1"}));
    EXPECT_EQ(end.status, 1);
    EXPECT_EQ(lines_of(end.err).front(),
              "twill map: sh -c 'kill -KILL $$' sh 1: killed by SIGKILL");
}

TEST(map_fault, command_that_is_not_there_is_found_out_before_input_is_read) {
    setting how;
    how.keep_input_open = true;
    const auto end = run_command({"map", "no-such-command-anywhere"}, how);
    EXPECT_EQ(end.status, 127);
    EXPECT_EQ(end.err, "twill map: no-such-command-anywhere: command not found\n");
}

TEST(map_fault, command_that_cannot_be_executed_is_found_out_before_input_is_read) {
    const scratch_folder folder;
    folder.make("plain");
    const auto end = run_command({"map", folder / "plain", ":::", "1"});
    EXPECT_EQ(end.status, 126);
    EXPECT_EQ(end.err, "twill map: " + (folder / "plain") + ": Permission denied\n");
}

TEST(map_fault, command_named_by_the_input_fails_alone) {
    const auto end = run_command({"map", "-k", "{}", ":::", "true", "no-such-command", "true"});
    EXPECT_EQ(end.status, 1);
    EXPECT_NE(end.err.find("no-such-command"), std::string::npos);
}

TEST(map_fault, command_that_vanishes_ends_it_with_the_shells_status) {
    const scratch_folder folder;
    const std::string script = folder / "script";
    std::ofstream(script) << "#!/bin/sh\nrm -f '" << script << "'\n";
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);
    const auto end = run_command({"map", "-j1", script, ":::", "1", "2", "3"});
    EXPECT_EQ(end.status, 127);
    EXPECT_NE(end.err.find("no more jobs are started"), std::string::npos);
}

TEST(map_fault, full_disk_under_standard_output_is_an_error) {
    setting how;
    how.own_output = false;
    how.in_child = [] { ::dup2(::open("/dev/full", O_WRONLY), 1); };
    running_command twill(map_shell({"-j2"}, "[ $1 = 1 ] || sleep 1000; echo $1", {"1", "2"}), how);
    const auto end = twill.finish();
    EXPECT_EQ(end.status, 255);
    EXPECT_EQ(end.err, "twill map: write to standard output: No space left on device\n");
    EXPECT_TRUE(twill.left_nothing());
}

TEST(map_fault, closed_standard_output_is_an_error_once_something_is_written) {
    setting how;
    how.own_output = false;
    how.in_child = [] { ::close(1); };
    EXPECT_EQ(run_command({"map", "true", ":::", "1"}, how).status, 0);
    const auto end = run_command({"map", "echo", ":::", "1"}, how);
    EXPECT_EQ(end.status, 255);
    EXPECT_EQ(end.err, "twill map: write to standard output: Bad file descriptor\n");
}

// The first writes too much to be kept in memory.
std::vector<std::string> large_and_small() {
    return map_shell({"-k"}, "[ $1 = small ] || head -c 10000000 /dev/zero; echo $1",
                     {"small", "large", "small"});
}

TEST(map_fault, output_that_cannot_be_kept_fails_its_job_alone) {
    setting how;
    how.environment = {"TMPDIR=/nowhere/at/all"};
    running_command twill(large_and_small(), how);
    const auto end = twill.finish();
    EXPECT_EQ(end.status, 1);
    EXPECT_TRUE(end.out.starts_with("small\n"));
    EXPECT_TRUE(end.out.ends_with("small\n"));
    EXPECT_NE(end.err.find("keep output in an unnamed file in /nowhere/at/all: No such file"),
              std::string::npos)
        << end.err;
    EXPECT_TRUE(twill.left_nothing());
}

TEST(map_fault, full_disk_under_kept_output_fails_its_job_alone) {
    const scratch_folder folder;
    std::filesystem::create_directory(folder / "small");
    if (::mount("tmpfs", (folder / "small").c_str(), "tmpfs", 0, "size=256k") != 0)
        GTEST_SKIP() << "mounting a small file system needs root";
    setting how;
    how.environment = {"TMPDIR=" + (folder / "small")};
    const auto end = run_command(large_and_small(), how);
    ::umount2((folder / "small").c_str(), MNT_DETACH);
    EXPECT_EQ(end.status, 1);
    EXPECT_TRUE(end.out.starts_with("small\n"));
    EXPECT_TRUE(end.out.ends_with("small\n"));
    EXPECT_NE(end.err.find("No space left on device"), std::string::npos) << end.err;
}

setting with_limit(int resource, rlim_t most) {
    setting how;
    how.in_child = [=] {
        const rlimit limit{most, most};
        ::setrlimit(static_cast<__rlimit_resource_t>(resource), &limit);
    };
    return how;
}

TEST(map_fault, few_descriptors_mean_fewer_jobs_at_once) {
    const auto end =
        run_command(map_shell({"-kj50"}, "echo $1", {"1", "2", "3", "4", "5", "6", "7"}),
                    with_limit(RLIMIT_NOFILE, 32));
    EXPECT_EQ(end.status, 0);
    EXPECT_EQ(end.out, "1\n2\n3\n4\n5\n6\n7\n");
    EXPECT_NE(end.err.find("at a time instead of 50: 32 open files leave no room for more"),
              std::string::npos)
        << end.err;
}

TEST(map_fault, few_descriptors_are_enough_for_results_too) {
    const scratch_folder folder;
    std::vector<std::string> inputs;
    for (int i = 0; i < 100; ++i) inputs.push_back(std::to_string(i));
    for (const rlim_t most : {28U, 32U, 37U}) {
        const std::string results = folder / std::to_string(most);
        const auto end = run_command(map_shell({"-j50", "--results", results}, "echo $1", inputs),
                                     with_limit(RLIMIT_NOFILE, most));
        EXPECT_EQ(end.status, 0) << most << ": " << end.err;
        EXPECT_EQ(lines_of(end.out).size(), 100U);
    }
}

// Each had two pipes.
TEST(map_fault, jobs_that_wait_for_their_next_try_take_no_descriptors) {
    const scratch_folder folder;
    std::vector<std::string> inputs(30, "bad");
    inputs.emplace_back("good");
    running_command twill(map_shell({"-j1", "--retries", "1000000"},
                                    "[ $1 = good ] && touch '" + (folder / "good") + "'", inputs),
                          with_limit(RLIMIT_NOFILE, 32));
    EXPECT_TRUE(eventually([&] { return folder.has("good"); }));
    twill.signal(SIGINT);
    const auto end = twill.finish();
    EXPECT_EQ(end.status, 128 + SIGINT);
    EXPECT_EQ(end.err.find("Too many open files"), std::string::npos) << end.err;
}

TEST(map_fault, too_few_descriptors_for_one_job_are_refused) {
    const auto end = run_command({"map", "true", ":::", "1"}, with_limit(RLIMIT_NOFILE, 12));
    EXPECT_EQ(end.status, 255);
    EXPECT_NE(end.err.find("12 open files are too few to run a job"), std::string::npos) << end.err;
}

// What the environment asks for, in runs that have the time.
long wanted(const char* variable, long usual) {
    const char* asked = std::getenv(variable);
    return asked != nullptr ? std::atol(asked) : usual;
}

// TWILL_MAP_FLOOD: how many bytes.
TEST(map_fault, flood_of_output_takes_no_memory) {
    const long bytes = wanted("TWILL_MAP_FLOOD", 100'000'000);
    setting how;
    how.own_output = false;
    how.in_child = [] { ::dup2(::open("/dev/null", O_WRONLY), 1); };
    const auto end = run_command(
        map_shell({"-j2"}, "head -c " + std::to_string(bytes) + " /dev/zero", {"1", "2"}), how);
    EXPECT_EQ(end.status, 0) << end.err;
    EXPECT_TRUE(sanitized || end.peak_kib < 30 << 10) << end.peak_kib;
}

// TWILL_MAP_FAILURES: how many.
TEST(map_fault, very_many_failures_are_counted_and_take_no_memory) {
    const auto failures = std::to_string(wanted("TWILL_MAP_FAILURES", 1000));
    setting how;
    for (long i = std::stol(failures); i > 0; --i) how.input += "x\n";
    running_command twill({"map", "-j2", "false"}, how);
    // So many may take longer than the usual patience.
    for (int looks = 0; looks < 20 && !twill.says("jobs failed"); ++looks) {
    }
    const auto end = twill.finish();
    EXPECT_EQ(end.status, 101);
    EXPECT_EQ(lines_of(end.err).size(), 1U) << end.err.substr(0, 1000);
    EXPECT_NE(end.err.find(failures + " of " + failures + " jobs failed"), std::string::npos);
    EXPECT_TRUE(sanitized || end.peak_kib < 30 << 10) << end.peak_kib;
}

TEST(map_fault, hundred_thousand_failed_answers_of_a_worker_are_counted) {
    setting how;
    for (int i = 0; i < 100'000; ++i) how.input += "x\n";
    const auto end = run_command({"map", "-j1", "--worker", "sh", "-c",
                                  "while read -r i; do echo \"$TWILL_MAP_END 1\"; done"},
                                 how);
    EXPECT_EQ(end.status, 101);
    EXPECT_NE(end.err.find("100000 of 100000 jobs failed"), std::string::npos) << end.err;
    EXPECT_TRUE(sanitized || end.peak_kib < 40 << 10) << end.peak_kib;
}

TEST(map_fault, job_that_ignores_termination_closes_its_outputs_and_lives_on_is_killed) {
    running_command twill(map_shell({"-kj2", "--timeout", "300ms"},
                                    "[ $1 = good ] || { trap '' TERM HUP INT; exec >&- 2>&-; "
                                    "while :; do sleep 1000; done; }; echo $1",
                                    {"bad", "good"}));
    const auto end = twill.finish();
    EXPECT_EQ(end.status, 1);
    EXPECT_EQ(end.out, "good\n");
    EXPECT_TRUE(twill.left_nothing());
}

// As a user of its own, who may have so many processes.
setting with_processes(rlim_t most) {
    setting how;
    // Looking for leaks takes a process.
    how.environment = {"ASAN_OPTIONS=detect_leaks=0"};
    // Another user for each test: tests run side by side.
    const auto nobody_else = 100'000 + static_cast<uid_t>(::getpid());
    how.in_child = [=] {
        const rlimit limit{most, most};
        ::setrlimit(RLIMIT_NPROC, &limit);
        if (::setuid(nobody_else) != 0) ::_exit(124);
    };
    return how;
}

TEST(map_fault, refused_process_waits_for_a_running_one) {
    if (::getuid() != 0) GTEST_SKIP() << "a user without other processes takes root to become";
    const auto end =
        run_command({"map", "-kj4", "--explain", "echo", ":::", "1", "2", "3", "4", "5", "6"},
                    with_processes(2));
    EXPECT_EQ(end.status, 0) << end.err;
    EXPECT_NE(end.err.find("the number of processes ("), std::string::npos) << end.err;
    EXPECT_EQ(end.out, "1\n2\n3\n4\n5\n6\n");
}

TEST(map_fault, refused_process_is_an_error_when_none_runs) {
    if (::getuid() != 0) GTEST_SKIP() << "a user without other processes takes root to become";
    const auto end = run_command({"map", "-kj4", "echo", ":::", "1", "2"}, with_processes(1));
    EXPECT_EQ(end.status, 255);
    EXPECT_NE(end.err.find("Resource temporarily unavailable; no more jobs are started"),
              std::string::npos)
        << end.err;
}

}  // namespace
