// Where inputs come from, and what they may be.
#include "support/sanitized.hpp"
#include "tools/running_command.hpp"

namespace {

using namespace twill_test;

outcome map_lines(const std::string& input, std::vector<std::string> options = {}) {
    options.insert(options.begin(), {"map", "-k"});
    options.emplace_back("printf");
    options.emplace_back("<%s>");
    setting how;
    how.input = input;
    return run_command(options, how);
}

TEST(map_input, last_line_needs_no_newline) { EXPECT_EQ(map_lines("a\nb").out, "<a><b>"); }

TEST(map_input, empty_lines_are_skipped) { EXPECT_EQ(map_lines("\n\na\n\nb\n\n").out, "<a><b>"); }

TEST(map_input, blanks_belong_to_the_line) {
    EXPECT_EQ(map_lines("  a\t\n 'b' \\\r\n").out, "<  a\t>< 'b' \\\r>");
}

TEST(map_input, null_separated_inputs_may_hold_newlines_and_be_empty) {
    EXPECT_EQ(map_lines(std::string("a\nb\0\0c", 6), {"-0"}).out, "<a\nb><><c>");
}

TEST(map_input, inputs_on_the_command_line_leave_standard_input_alone) {
    setting how;
    how.keep_input_open = true;
    EXPECT_EQ(run_command({"map", "-k", "printf", "<%s>", ":::", "a", "", "c"}, how).out,
              "<a><><c>");
}

TEST(map_input, no_input_runs_nothing_and_says_so) {
    const auto end = map_lines("");
    EXPECT_EQ(end.status, 0);
    EXPECT_EQ(end.err, "twill map: no input, nothing was run\n");
    EXPECT_EQ(run_command({"map", "true", ":::"}).err, "twill map: no input, nothing was run\n");
}

TEST(map_input, standard_input_that_is_closed_is_an_error) {
    setting how;
    how.in_child = [] { ::close(0); };
    const auto end = run_command({"map", "true"}, how);
    EXPECT_EQ(end.status, 255);
    EXPECT_EQ(end.err, "twill map: read standard input: Bad file descriptor\n");
}

TEST(map_input, jobs_start_as_lines_come_in) {
    setting how;
    how.keep_input_open = true;
    running_command twill({"map", "echo", "got"}, how);
    for (const std::string line : {"one", "two", "three"}) {
        twill.feed(line + "\n");
        EXPECT_TRUE(twill.says("got " + line + "\n"));
    }
    twill.close_input();
    EXPECT_EQ(twill.finish().status, 0);
}

TEST(map_input, half_a_line_is_waited_for) {
    setting how;
    how.keep_input_open = true;
    running_command twill({"map", "echo"}, how);
    twill.feed("a\nfi");
    EXPECT_TRUE(twill.says("a\n"));
    twill.feed("rst\n");
    EXPECT_TRUE(twill.says("first\n"));
    twill.close_input();
    EXPECT_EQ(twill.finish().out, "a\nfirst\n");
}

TEST(map_input, memory_does_not_grow_with_the_number_of_inputs) {
    if (sanitized) GTEST_SKIP() << "a sanitizer uses memory of its own";
    const auto peak = [](int inputs) {
        setting how;
        for (int i = 0; i < inputs; ++i) how.input += "a line of input of some length\n";
        return run_command({"map", "-j2", "true"}, how).peak_kib;
    };
    const long few = peak(40);
    const long many = peak(240);
    EXPECT_LT(many, few + 384);
}

TEST(map_input, huge_line_fails_alone_and_is_not_kept_in_memory) {
    setting how;
    how.keep_input_open = true;
    running_command twill({"map", "-k", "echo"}, how);
    twill.feed("a\n");
    const std::string part(1U << 20U, 'x');
    for (int i = 0; i < 40; ++i) twill.feed(part);
    twill.feed("\nb\n");
    twill.close_input();
    const auto end = twill.finish();
    EXPECT_EQ(end.status, 1);
    EXPECT_EQ(end.out, "a\nb\n");
    EXPECT_NE(end.err.find("the input is longer than the system allows for an argument"),
              std::string::npos);
    EXPECT_TRUE(sanitized || end.peak_kib < 24 << 10) << end.peak_kib;
}

// They wait for their turn to be told behind a job that takes its time.
TEST(map_input, many_that_cannot_be_run_take_no_memory) {
    if (sanitized) GTEST_SKIP() << "a sanitizer uses memory of its own";
    const scratch_folder folder;
    const auto peak = [&](int lines) {
        std::ofstream list(folder / "list");
        list << "slow\n";
        for (int i = 0; i < lines; ++i) list << std::string(100, '\0') << "\n";
        list.close();
        setting how;
        how.in_child = [] { ::dup2(::open("/dev/null", O_WRONLY), 2); };
        return run_command(map_shell({"-kj1", "-a", folder / "list"}, "sleep 0.5"), how).peak_kib;
    };
    EXPECT_LT(peak(100'000), peak(10) + 4000);
}

TEST(map_input, dry_run_tells_those_that_cannot_be_run) {
    setting how;
    how.input = std::string("a\0b\n", 4) + "c\n";
    EXPECT_EQ(run_command({"map", "-n", "echo"}, how).out,
              "# $'a\\000b': the input holds a NUL byte; are inputs NUL-separated (-0)?\necho c\n");
}

TEST(map_input, longest_argument_passes_and_one_byte_more_does_not) {
    const auto longest = static_cast<std::size_t>(32 * ::sysconf(_SC_PAGESIZE)) - 1;
    EXPECT_EQ(map_lines(std::string(longest, 'x') + "\n").out.size(), longest + 2);
    EXPECT_EQ(map_lines(std::string(longest + 1, 'x') + "\n").status, 1);
    EXPECT_EQ(map_lines(std::string(longest + 1, 'x')).status, 1);
}

TEST(map_input, argument_that_grows_too_long_fails_alone) {
    const auto longest = static_cast<std::size_t>(32 * ::sysconf(_SC_PAGESIZE)) - 1;
    setting how;
    how.input = std::string(longest, 'x') + "\nb\n";
    const auto end = run_command({"map", "-k", "echo", "a{}"}, how);
    EXPECT_EQ(end.status, 1);
    EXPECT_EQ(end.out, "ab\n");
    EXPECT_NE(end.err.find("Argument list too long"), std::string::npos);
}

TEST(map_input, null_byte_in_a_line_fails_alone_with_the_mend) {
    const auto end = map_lines(std::string("a\nx\0y\nb\n", 8));
    EXPECT_EQ(end.status, 1);
    EXPECT_EQ(end.out, "<a><b>");
    EXPECT_NE(end.err.find("the input holds a NUL byte; are inputs NUL-separated (-0)?"),
              std::string::npos);
}

}  // namespace
