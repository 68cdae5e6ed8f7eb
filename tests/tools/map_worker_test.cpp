// `twill map --worker`: processes that stay and get one input after the other.
#include "support/sanitized.hpp"
#include "tools/running_command.hpp"

#include <twill/runtime/usable_cpus.hpp>

#include <unistd.h>

#include <algorithm>
#include <set>

namespace {

using namespace twill_test;
using strings = std::vector<std::string>;

// `twill map OPTIONS --worker -- sh -c SCRIPT ::: INPUTS`.
strings worker_words(strings options, const std::string& script, const strings& inputs = {}) {
    options.insert(options.begin(), "map");
    for (const char* word : {"--worker", "--", "sh", "-c"}) options.emplace_back(word);
    options.push_back(script);
    if (!inputs.empty()) options.emplace_back(":::");
    options.insert(options.end(), inputs.begin(), inputs.end());
    return options;
}

// Runs `body` for each input, $i.
std::string loop(const std::string& body) {
    return "while IFS= read -r i; do " + body + "; echo \"$TWILL_MAP_END $s\"; done";
}

strings numbers(int count) {
    strings all;
    for (int i = 1; i <= count; ++i) all.push_back(std::to_string(i));
    return all;
}

std::string joined(const strings& lines) {
    std::string text;
    for (const auto& each : lines) text += each + "\n";
    return text;
}

TEST(map_worker, one_process_a_slot_answers_all_inputs) {
    const scratch_folder folder;
    const auto inputs = numbers(1000);
    const auto end = run_command(worker_words(
        {"-kj2"}, "echo $$ >> '" + (folder / "started") + "'; " + loop("s=0; echo \"$i\""),
        inputs));
    EXPECT_EQ(end.status, 0) << end.err;
    EXPECT_EQ(end.out, joined(inputs));
    std::ifstream started(folder / "started");
    strings pids;
    for (std::string line; std::getline(started, line);) pids.push_back(line);
    EXPECT_LE(pids.size(), 2U);
}

std::set<std::string> words_in(const std::string& file) {
    std::ifstream from(file);
    std::set<std::string> all;
    for (std::string word; from >> word;) all.insert(word);
    return all;
}

TEST(map_worker, those_that_wait_are_more_than_there_are_cpus) {
    const scratch_folder folder;
    const auto inputs = numbers(200);
    const auto end = run_command(worker_words(
        {"-k", "--explain", "--report"},
        "echo $$ >> '" + (folder / "started") + "'; " + loop("s=0; sleep 0.05; echo $i"), inputs));
    EXPECT_EQ(end.status, 0) << end.err;
    EXPECT_EQ(end.out, joined(inputs));
    EXPECT_GE(words_in(folder / "started").size(), std::max(8U, 2 * twill::usable_cpus()))
        << end.err;
    EXPECT_NE(end.err.find("was blocked for"), std::string::npos) << end.err;
    EXPECT_NE(end.err.find("report: 200 jobs in"), std::string::npos) << end.err;
}

// Beside others some more: job_limit_test knows how many.
TEST(map_worker, those_that_compute_are_as_many_as_there_are_cpus) {
    const scratch_folder folder;
    const auto inputs = numbers(60);
    const auto end = run_command(
        worker_words({"-k", "--explain"},
                     "echo $$ >> '" + (folder / "started") + "'; " +
                         loop("s=0; n=0; while [ $n -lt 20000 ]; do n=$((n+1)); done; echo $i"),
                     inputs));
    EXPECT_EQ(end.out, joined(inputs));
    EXPECT_LE(words_in(folder / "started").size(), 16 * twill::usable_cpus()) << end.err;
}

// They only wait for this program, which does next to nothing else than listen to them. On two CPUs
// they are 6 to 8, beside other load some 20; 35 to 45 where nobody looks at that.
TEST(map_worker, those_that_do_next_to_nothing_are_few) {
    const scratch_folder folder;
    const auto inputs = joined(numbers(30'000));
    const auto end = run_command(
        worker_words({"--explain"}, "echo $$ >> '" + (folder / "started") + "'; " + loop("s=0")),
        {.input = inputs});
    EXPECT_EQ(end.status, 0) << end.err;
    EXPECT_LE(words_in(folder / "started").size(), 16 * twill::usable_cpus()) << end.err;
}

TEST(map_worker, inputs_come_from_a_pipe_as_they_are_there) {
    setting how;
    how.keep_input_open = true;
    how.input = "a\n";
    running_command twill(worker_words({"-j2"}, loop("s=0; echo got $i")), how);
    EXPECT_TRUE(twill.says("got a\n"));
    twill.feed("b\n");
    EXPECT_TRUE(twill.says("got b\n"));
    twill.close_input();
    EXPECT_EQ(twill.finish().status, 0);
    EXPECT_TRUE(twill.left_nothing());
}

TEST(map_worker, status_of_an_answer_is_that_of_its_job) {
    const auto end = run_command(worker_words({"-kj1"}, loop("s=$i; echo $i"), {"0", "7", "0"}));
    EXPECT_EQ(end.status, 1);
    EXPECT_EQ(end.out, "0\n7\n0\n");
    EXPECT_NE(end.err.find("1 of 3 jobs failed"), std::string::npos) << end.err;
    EXPECT_NE(end.err.find("exit status 7"), std::string::npos) << end.err;
}

TEST(map_worker, output_without_an_end_of_line_and_empty_answers_are_told_apart) {
    const auto end = run_command(worker_words(
        {"-kj1", "--tag"}, loop("s=0; [ $i = none ] || printf %s $i"), {"a", "none", "b"}));
    EXPECT_EQ(end.out, "a\ta\nb\tb\n");
}

TEST(map_worker, standard_error_is_kept_with_its_input) {
    const auto inputs = numbers(200);
    const auto end =
        run_command(worker_words({"-kj2", "--tag"}, loop("s=0; echo err $i >&2"), inputs));
    strings wanted;
    for (const auto& each : inputs) wanted.push_back(each + "\terr " + each);
    EXPECT_EQ(end.err, joined(wanted));
}

TEST(map_worker, one_that_dies_is_replaced_and_its_input_tried_again) {
    const scratch_folder folder;
    const auto inputs = numbers(50);
    const auto end =
        run_command(worker_words({"-kj2"},
                                 loop("s=0; if [ $i = 20 ] && mkdir '" + (folder / "died") +
                                      "'; then kill -9 $$; fi; echo $i"),
                                 inputs));
    EXPECT_EQ(end.status, 0) << end.err;
    EXPECT_EQ(end.out, joined(inputs));
    EXPECT_TRUE(folder.has("died"));
}

TEST(map_worker, input_that_kills_its_worker_each_time_fails_alone) {
    const auto end = run_command(
        worker_words({"-kj2"}, loop("s=0; [ $i != 3 ] || exit 9; echo $i"), numbers(6)));
    EXPECT_EQ(end.status, 1);
    EXPECT_EQ(end.out, "1\n2\n4\n5\n6\n");
    EXPECT_NE(end.err.find("ended before it had answered (exit status 9)"), std::string::npos)
        << end.err;
}

TEST(map_worker, death_counts_as_a_try) {
    const scratch_folder folder;
    const auto end =
        run_command(worker_words({"-j1", "--retries", "4"},
                                 loop("s=0; echo >> '" + (folder / "tries") + "'; exit 1"), {"x"}));
    EXPECT_EQ(end.status, 1);
    EXPECT_EQ(folder.size_of("tries"), 4U);
}

TEST(map_worker, failed_answer_is_tried_again_as_asked_for) {
    const scratch_folder folder;
    const auto end =
        run_command(worker_words({"-j2", "--retries", "3"},
                                 loop("s=0; echo >> '" + (folder / "tries") + "'; [ $(wc -l < '" +
                                      (folder / "tries") + "') = 3 ] || s=1; echo said"),
                                 {"x"}));
    EXPECT_EQ(end.status, 0) << end.err;
    EXPECT_EQ(end.out, "said\n") << "what failed tries wrote is not printed";
}

TEST(map_worker, one_that_hangs_is_stopped_and_replaced) {
    running_command twill(worker_words({"-kj1", "--timeout", "500ms"},
                                       loop("s=0; [ $i != 2 ] || sleep 1000; echo $i"),
                                       numbers(4)));
    const auto end = twill.finish();
    EXPECT_EQ(end.status, 1);
    EXPECT_EQ(end.out, "1\n3\n4\n");
    EXPECT_NE(end.err.find("took longer than --timeout"), std::string::npos) << end.err;
    EXPECT_TRUE(twill.left_nothing());
}

TEST(map_worker, share_of_the_median_is_no_limit_for_quick_answers) {
    const auto inputs = numbers(2000);
    const auto end = run_command(worker_words(
        {"-kj1", "--timeout", "200%"}, loop("s=0; [ $i != 1000 ] || sleep 0.02; echo $i"), inputs));
    EXPECT_EQ(end.status, 0) << end.err;
    EXPECT_EQ(end.out, joined(inputs));
}

TEST(map_worker, one_that_closes_its_output_at_the_end_may_end_in_peace) {
    const scratch_folder folder;
    const auto end = run_command(worker_words(
        {"-j1"}, loop("s=0; echo $i") + "; exec >&-; sleep 0.1; touch '" + (folder / "saved") + "'",
        {"1"}));
    EXPECT_EQ(end.status, 0);
    EXPECT_EQ(end.err, "");
    EXPECT_TRUE(folder.has("saved"));
}

TEST(map_worker, one_that_fails_at_the_end_is_told) {
    const auto end = run_command(worker_words({"-j1"}, loop("s=0; echo $i") + "; exit 3", {"1"}));
    EXPECT_EQ(end.out, "1\n");
    EXPECT_EQ(end.err, "twill map: a worker ended with exit status 3\n");
}

TEST(map_worker, one_that_ignores_the_end_of_its_inputs_is_stopped) {
    running_command twill(worker_words(
        {"-j1"}, "trap '' TERM; " + loop("s=0; echo $i") + "; while :; do sleep 1; done", {"1"}));
    const auto end = twill.finish();
    EXPECT_EQ(end.out, "1\n");
    EXPECT_TRUE(twill.left_nothing());
}

TEST(map_worker, one_that_closes_its_output_and_lives_on_is_replaced) {
    const scratch_folder folder;
    running_command twill(worker_words({"-kj1"},
                                       loop("s=0; if [ $i = 2 ] && mkdir '" + (folder / "closed") +
                                            "'; then exec >&- 2>&-; sleep 1000; fi; echo $i"),
                                       numbers(3)));
    const auto end = twill.finish();
    EXPECT_EQ(end.status, 0) << end.err;
    EXPECT_EQ(end.out, "1\n2\n3\n");
    EXPECT_TRUE(twill.left_nothing());
}

TEST(map_worker, what_it_leaves_running_is_stopped) {
    running_command twill(worker_words({"-j1"}, "sleep 1000 & " + loop("s=0; echo $i"), {"1"}));
    EXPECT_EQ(twill.finish().out, "1\n");
    EXPECT_TRUE(twill.left_nothing());
}

TEST(map_worker, answer_to_nothing_is_an_error_of_its_own) {
    const auto end = run_command(worker_words(
        {"-j1"}, "read -r i; echo \"$TWILL_MAP_END 0\"; echo more; sleep 1000", {"1"}));
    EXPECT_EQ(end.status, 0);
    EXPECT_NE(end.err.find("the worker wrote what it was not asked for"), std::string::npos)
        << end.err;
}

TEST(map_worker, command_that_is_no_worker_is_told) {
    const auto end = run_command(
        {"map", "-j1", "--timeout", "4", "--retries", "1", "--worker", "--", "cat", ":::", "1"});
    const std::string_view said = "has written 2 bytes in its first seconds, and no mark";
    const auto at = end.err.find(said);
    EXPECT_NE(at, std::string::npos) << end.err;
    EXPECT_EQ(end.err.find(said, at + 1), std::string::npos) << "once is enough: " << end.err;
}

TEST(map_worker, flood_of_output_does_not_take_memory) {
    const auto end =
        run_command(worker_words({"-j1"}, loop("s=0; head -c 100000000 /dev/zero"), {"1"}));
    EXPECT_EQ(end.out.size(), 100'000'000U);
    EXPECT_TRUE(sanitized || end.peak_kib < 40 << 10) << end.peak_kib;
}

TEST(map_worker, log_and_results_are_as_those_of_processes) {
    const scratch_folder folder;
    const std::string results = folder / "results";
    const strings options = {"-j2", "--results", results, "--resume"};
    const std::string script =
        loop("s=$i; echo $i >> '" + (folder / "ran") + "'; echo out $i; echo err $i >&2");
    EXPECT_EQ(run_command(worker_words(options, script, {"0", "3"})).status, 1);
    EXPECT_EQ(run_command(worker_words(options, script, {"0", "3"})).status, 0);
    EXPECT_EQ(folder.size_of("ran"), 4U) << "the second run had nothing to do";
    std::ostringstream out;
    out << std::ifstream(results + "/3/stdout").rdbuf()
        << std::ifstream(results + "/3/stderr").rdbuf();
    EXPECT_EQ(out.str(), "out 3\nerr 3\n");
}

TEST(map_worker, halt_takes_no_more_inputs) {
    const auto end = run_command(worker_words({"-kj1", "--halt", "soon,fail=1"},
                                              loop("s=$i; echo $i"), {"0", "5", "0", "0"}));
    EXPECT_EQ(end.status, 5);
    EXPECT_TRUE(end.out.starts_with("0\n5\n")) << end.out;
}

TEST(map_worker, interrupt_waits_for_the_answer_and_a_second_stops) {
    const scratch_folder folder;
    running_command twill(worker_words(
        {"-j1"},
        loop("s=0; touch '" + (folder / "runs") + "'; " + until(folder / "go") + " echo $i"),
        {"1", "2"}));
    ASSERT_TRUE(eventually([&] { return folder.has("runs"); }));
    twill.signal(SIGINT);
    ASSERT_TRUE(twill.says("waiting for 1 running job"));
    folder.make("go");
    const auto end = twill.finish();
    EXPECT_EQ(end.status, 128 + SIGINT);
    EXPECT_EQ(end.out, "1\n");
    EXPECT_TRUE(twill.left_nothing());
}

TEST(map_worker, one_that_is_not_there_is_found_out) {
    EXPECT_EQ(run_command({"map", "--worker", "no-such-worker", ":::", "1"}).status, 127);
}

TEST(map_worker, input_of_several_lines_needs_lengths) {
    const auto end = run_command(worker_words({"-kj1"}, loop("s=0; echo $i"), {"a", "b\nc", "d"}));
    EXPECT_EQ(end.status, 1);
    EXPECT_EQ(end.out, "a\nd\n");
    EXPECT_NE(end.err.find("--lengths"), std::string::npos) << end.err;
}

TEST(map_worker, what_makes_no_sense_together_is_refused) {
    for (const strings& wrong : {strings{"--worker", "--batch", "2", "x"},
                                 {"--worker", "x", "{}"},
                                 {"--lengths", "x"},
                                 {"--worker", "--dry-run", "x"},
                                 {"--worker", "--delay", "1", "x"}}) {
        strings words = {"map"};
        words.insert(words.end(), wrong.begin(), wrong.end());
        for (const char* word : {":::", "1"}) words.emplace_back(word);
        EXPECT_EQ(run_command(words).status, 2) << wrong[1];
    }
}

// The examples, and the header for C.

std::string share(const std::string& name) { return std::string(TWILL_SHARE) + "/worker/" + name; }

TEST(map_worker_example, shell) {
    EXPECT_EQ(run_command({"map", "-kj1", "--worker", share("lines.sh"), ":::", "a", "b"}).out,
              "got a\ngot b\n");
}

TEST(map_worker_example, python_with_lines) {
    if (::access("/usr/bin/python3", X_OK) != 0) GTEST_SKIP() << "python3 is not here";
    const scratch_folder folder;
    std::ofstream(folder / "file") << "1\n2\n";
    const auto end = run_command({"map", "-kj1", "--worker", "python3", share("lines.py"),
                                  ":::", folder / "file", folder / "none"});
    EXPECT_EQ(end.out, "2 " + (folder / "file") + "\n");
    EXPECT_NE(end.err.find("No such file"), std::string::npos) << end.err;
    EXPECT_EQ(end.status, 1);
}

// Says how many bytes each input has.
const char* const counts_bytes =
    "while read -r n; do c=$(head -c $n | wc -c); echo \"0 $((${#c} + 1)) 0\"; echo $c; done";

TEST(map_worker, lengths_take_what_no_argument_could_hold) {
    setting how;
    const std::string longest(16U << 20U, 'x');
    how.input = std::string("a\0b", 3) + "\n" + std::string(200'000, 'x') + "\n" + longest + "\n" +
                longest + "x\nlast\n";
    const auto end =
        run_command({"map", "-kj1", "--worker", "--lengths", "sh", "-c", counts_bytes}, how);
    EXPECT_EQ(end.out, "3\n200000\n16777216\n4\n");
    EXPECT_EQ(end.status, 1);
    EXPECT_NE(end.err.find("the input is longer than 16 MiB"), std::string::npos) << end.err;
}

TEST(map_worker, long_inputs_wait_in_bounded_memory) {
    if (sanitized) GTEST_SKIP() << "a sanitizer uses memory of its own";
    const scratch_folder folder;
    const std::string one(1U << 20U, 'x');
    std::ofstream list(folder / "list");
    for (int i = 0; i < 100; ++i) list << one << "\n";
    list.close();
    const auto end =
        run_command({"map", "-j2", "--worker", "--lengths", "-a", folder / "list", "sh", "-c",
                     "while read -r n; do head -c $n > /dev/null; echo 0 0 0; done"});
    EXPECT_EQ(end.status, 0) << end.err;
    EXPECT_LT(end.peak_kib, 40 << 10);
}

TEST(map_worker, lines_may_be_long_too) {
    setting how;
    how.input = std::string(200'000, 'x') + "\n" + std::string("a\0b\n", 4);
    const auto end = run_command(worker_words({"-kj1"}, loop("s=0; echo ${#i}")), how);
    EXPECT_EQ(end.out, "200000\n");
    EXPECT_EQ(end.status, 1);
    EXPECT_NE(end.err.find("the input holds a NUL byte"), std::string::npos) << end.err;
}

TEST(map_worker_example, python_with_lengths) {
    if (::access("/usr/bin/python3", X_OK) != 0) GTEST_SKIP() << "python3 is not here";
    const auto end = run_command({"map", "-kj1", "--worker", "--lengths", "python3",
                                  share("lengths.py"), ":::", "a\nb", "", "ccc"});
    EXPECT_EQ(end.out, "3 bytes\n3 bytes\n");
    EXPECT_TRUE(end.err.starts_with("nothing in it\n")) << end.err;
}

TEST(map_worker_example, c_header_speaks_both_protocols) {
    const scratch_folder folder;
    std::ofstream(folder / "worker.c")
        << "#include \"twill_worker.h\"\n"
           "int main(void) {\n"
           "    size_t length;\n"
           "    for (const char *input; (input = twill_worker_next(&length)) != NULL;) {\n"
           "        char text[32];\n"
           "        int size = snprintf(text, sizeof text, \"%zu %.9s\\n\", length, input);\n"
           "        twill_worker_answer(0, text, (size_t)size, NULL, 0);\n"
           "    }\n"
           "    return 0;\n"
           "}\n";
    const std::string make = TWILL_COMPILER
                             " -x c -std=c99 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror "
                             "-I'" +
                             std::string(TWILL_SHARE) + "/worker' -o '" + (folder / "worker") +
                             "' '" + (folder / "worker.c") + "'";
    ASSERT_EQ(std::system(make.c_str()), 0);
    const auto inputs = numbers(20'000);
    setting how;
    how.input = joined(inputs) + std::string(100'000, 'x') + "\n";
    std::string wanted;
    for (const auto& each : inputs) wanted += std::to_string(each.size()) + " " + each + "\n";
    wanted += "100000 xxxxxxxxx\n";
    const auto lines = run_command({"map", "-kj2", "--worker", folder / "worker"}, how);
    EXPECT_EQ(lines.status, 0) << lines.err;
    EXPECT_TRUE(lines.out == wanted) << lines.out.substr(0, 200);
    const auto lengths =
        run_command({"map", "-kj2", "--worker", "--lengths", folder / "worker"}, how);
    EXPECT_EQ(lengths.status, 0) << lengths.err;
    EXPECT_TRUE(lengths.out == wanted) << lengths.out.substr(0, 200);
}

}  // namespace
