// When `twill map` tries again, waits, stops early or stops a job; and --tag.
#include "tools/running_command.hpp"

#include <sys/resource.h>

namespace {

using namespace twill_test;

using strings = std::vector<std::string>;

TEST(map_retries, job_that_fails_at_first_succeeds_later_and_counts_once) {
    const scratch_folder folder;
    const auto end =
        run_command(map_shell({"--retries", "3", "--joblog", folder / "log.jsonl"},
                              "echo try >> '" + (folder / "tries") + "'; echo said; [ $(wc -l < '" +
                                  (folder / "tries") + "') = 3 ]",
                              {"x"}));
    EXPECT_EQ(end.status, 0) << end.err;
    EXPECT_EQ(end.out, "said\n") << "what failed tries wrote is not printed";
    std::ostringstream log;
    log << std::ifstream(folder / "log.jsonl").rdbuf();
    EXPECT_EQ(lines_of(log.str()).size(), 1U);
    EXPECT_NE(log.str().find(R"("tries":3)"), std::string::npos) << log.str();
}

TEST(map_retries, last_failure_is_told_with_its_output) {
    const scratch_folder folder;
    const auto end = run_command(map_shell({"--retries", "2"}, "echo said; exit 7", {"x", "y"}));
    EXPECT_EQ(end.status, 2);
    EXPECT_EQ(end.out, "said\nsaid\n");
}

TEST(map_retries, interrupt_ends_the_wait_for_a_retry) {
    const scratch_folder folder;
    running_command twill(
        map_shell({"--retries", "1000000"}, "echo >> '" + (folder / "tries") + "'; exit 1", {"x"}));
    // The wait for the seventh is drawn from six seconds.
    ASSERT_TRUE(eventually([&] { return folder.size_of("tries") == 6; }));
    twill.signal(SIGINT);
    EXPECT_EQ(twill.finish().status, 128 + SIGINT);
    EXPECT_EQ(folder.size_of("tries"), 6U);
}

TEST(map_retries, jobs_that_wait_for_their_next_try_let_others_run) {
    const scratch_folder folder;
    running_command twill(map_shell({"-j1", "--retries", "1000000"},
                                    "[ $1 = good ] && touch '" + (folder / "good") + "'",
                                    {"1", "2", "3", "4", "5", "6", "good"}));
    EXPECT_TRUE(eventually([&] { return folder.has("good"); }))
        << "those that fail keep the others from being started";
    twill.signal(SIGINT);
    EXPECT_EQ(twill.finish().status, 128 + SIGINT);
}

outcome halted(const std::string& how, const std::string& script,
               const std::vector<std::string>& inputs) {
    return run_command(map_shell({"-kj1", "--halt", how}, script, inputs));
}

TEST(map_halt, soon_starts_no_more) {
    const auto end = halted("soon,fail=2", "echo $1; exit $1", {"0", "4", "0", "5", "0"});
    EXPECT_EQ(end.out, "0\n4\n0\n5\n");
}

TEST(map_halt, status_is_that_of_gnu_parallel) {
    const strings inputs = {"0", "4", "0", "5", "6", "0"};
    const auto status = [&](const char* how) { return halted(how, "exit $1", inputs).status; };
    EXPECT_EQ(status("soon,fail=1"), 4) << "that of the job";
    EXPECT_EQ(status("soon,fail=2"), 2) << "how many failed";
    EXPECT_EQ(status("soon,done=3"), 1);
    EXPECT_EQ(status("soon,done=1"), 0);
    EXPECT_EQ(status("soon,fail=30%"), 34) << "two of six, in percent";
    EXPECT_EQ(status("2"), 4) << "an older form";
}

TEST(map_halt, success_gives_status_0) {
    const auto end = halted("now,success=1", "echo $1; exit $1", {"1", "0", "3"});
    EXPECT_EQ(end.out, "1\n0\n");
    EXPECT_EQ(end.status, 0);
}

TEST(map_halt, done_counts_both) {
    EXPECT_EQ(halted("soon,done=2", "echo $1; exit $1", {"1", "0", "3"}).out, "1\n0\n");
}

TEST(map_halt, percent_waits_until_it_means_something) {
    const auto end = halted("soon,fail=50%", "exit $1", {"1", "0", "1", "1", "0", "0"});
    EXPECT_EQ(end.status, 50);
    EXPECT_NE(end.err.find("halted after 4 jobs"), std::string::npos) << end.err;
}

TEST(map_halt, share_is_one_of_all_jobs) {
    EXPECT_EQ(halted("soon,done=50%", "echo $1", {"1", "2", "3", "4"}).out, "1\n2\n");
    const scratch_folder folder;
    std::ofstream(folder / "list") << "1\n\n2\n3\n4";
    EXPECT_EQ(
        run_command({"map", "-kj1", "--halt", "soon,success=75%", "-a", folder / "list", "echo"})
            .out,
        "1\n2\n3\n");
}

TEST(map_halt, share_of_a_pipe_is_one_of_those_that_have_ended) {
    setting how;
    how.input = "1\n0\n1\n1\n0\n";
    const auto end = run_command(map_shell({"-kj1", "--halt", "soon,fail=60%"}, "exit $1"), how);
    EXPECT_NE(end.err.find("halted after 4 jobs"), std::string::npos) << end.err;
    const auto refused = run_command({"map", "--halt", "soon,done=60%", "true"}, how);
    EXPECT_EQ(refused.status, 2);
    EXPECT_NE(refused.err.find("how many inputs a pipe brings is not known"), std::string::npos)
        << refused.err;
}

TEST(map_halt, now_stops_what_runs_but_prints_what_has_ended) {
    const scratch_folder folder;
    const auto words =
        map_shell({"-kj2", "--halt", "now,fail=1"},
                  "if [ $1 = 1 ]; then touch '" + (folder / "runs") + "'; sleep 1000; else " +
                      until(folder / "runs") + " echo last words; exit 9; fi",
                  {"1", "2", "3"});
    running_command twill(words);
    const auto end = twill.finish();
    EXPECT_EQ(end.status, 9);
    EXPECT_EQ(end.out, "last words\n");
    EXPECT_TRUE(twill.left_nothing());
}

TEST(map_halt, soon_lets_what_runs_end) {
    const scratch_folder folder;
    const auto end = run_command(map_shell({"-kj2", "--halt", "soon,fail=1"},
                                           "if [ $1 = 1 ]; then " + until(folder / "failed") +
                                               " echo done; else touch '" + (folder / "failed") +
                                               "'; exit 9; fi",
                                           {"1", "2", "3"}));
    EXPECT_EQ(end.status, 9);
    EXPECT_EQ(end.out, "done\n");
}

TEST(map_halt, nonsense_is_refused) {
    for (const char* wrong : {"now", "now,fail=0", "later,fail=1", "now,fail=x", "now,fail=101%"})
        EXPECT_EQ(halted(wrong, "true", {"1"}).status, 2) << wrong;
}

TEST(map_timeout, share_of_the_median_stops_only_the_slow_one) {
    const auto end = run_command(map_shell({"-kj1", "--timeout", "5000%"},
                                           "[ $1 != slow ] || sleep 1000; sleep 0.02; echo $1",
                                           {"1", "2", "3", "slow"}));
    EXPECT_EQ(end.status, 1);
    EXPECT_EQ(end.out, "1\n2\n3\n");
    EXPECT_NE(end.err.find("took longer than --timeout"), std::string::npos) << end.err;
}

// A job that was started before there was a median.
TEST(map_timeout, share_of_the_median_holds_for_those_that_run_already) {
    const auto end = run_command(map_shell({"-kj2", "--timeout", "5000%"},
                                           "[ $1 != slow ] || sleep 1000; sleep 0.02; echo $1",
                                           {"slow", "1", "2", "3"}));
    EXPECT_EQ(end.status, 1);
    EXPECT_EQ(end.out, "1\n2\n3\n");
}

TEST(map_timeout, share_of_less_than_the_median_is_refused) {
    EXPECT_EQ(run_command({"map", "--timeout", "50%", "true", ":::", "1"}).status, 2);
}

TEST(map_tag, each_line_of_both_streams_begins_with_the_input) {
    const auto end =
        run_command(map_shell({"-k", "--tag"}, "printf '1\\n\\n2'; echo e >&2", {"a b", "c"}));
    EXPECT_EQ(end.out, "a b\t1\na b\t\na b\t2\nc\t1\nc\t\nc\t2\n");
    EXPECT_EQ(end.err, "a b\te\nc\te\n");
}

TEST(map_tag, large_outputs_have_tags_too) {
    const auto end = run_command(map_shell({"--tag"}, "yes 123456789 | head -n 100000", {"x"}));
    const auto lines = lines_of(end.out);
    ASSERT_EQ(lines.size(), 100'000U);
    for (const auto& line : lines) ASSERT_EQ(line, "x\t123456789");
}

TEST(map_delay, starts_keep_their_distance) {
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(run_command({"map", "-j4", "--delay", "100ms", "true", ":::", "1", "2", "3"}).status,
              0);
    EXPECT_GE(std::chrono::steady_clock::now() - began, 200ms);
}

TEST(map_nice, jobs_run_at_that_niceness) {
    const int own = ::getpriority(PRIO_PROCESS, 0);
    const int wanted = std::min(own + 3, 19);
    const auto end = run_command(map_shell({"--nice", std::to_string(wanted)}, "nice", {"x"}));
    EXPECT_EQ(end.out, std::to_string(wanted) + "\n");
}

TEST(map_gate, memory_that_is_not_there_starts_nothing_until_interrupted) {
    const scratch_folder folder;
    running_command twill(map_shell({"--memfree", "100000T"}, "touch '" + (folder / "ran") + "'"),
                          {.input = "1\n", .keep_input_open = true});
    // It has taken the input, so it is ready to start the job, or has.
    ASSERT_TRUE(eventually([&] { return twill.has_read_input(); }));
    twill.signal(SIGINT);
    EXPECT_EQ(twill.finish().status, 128 + SIGINT);
    EXPECT_FALSE(folder.has("ran"));
}

TEST(map_gate, open_gates_let_jobs_run) {
    EXPECT_EQ(run_command({"map", "--memfree", "1M", "--load", "100000", "echo", ":::", "1"}).out,
              "1\n");
    EXPECT_EQ(run_command({"map", "--load", "0", "true", ":::", "1"}).status, 2);
    EXPECT_EQ(run_command({"map", "--memfree", "much", "true", ":::", "1"}).status, 2);
}

}  // namespace
