// What comes out of `twill map`, and in which order.
#include "support/sanitized.hpp"
#include "tools/running_command.hpp"

#include <pty.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>

namespace {

using namespace twill_test;

TEST(map_output, every_input_is_run_once) {
    const auto end = run_command({"map", "-j3", "echo", ":::", "a", "b", "c", "d"});
    EXPECT_EQ(end.status, 0);
    auto lines = lines_of(end.out);
    std::ranges::sort(lines);
    EXPECT_EQ(lines, (std::vector<std::string>{"a", "b", "c", "d"}));
    EXPECT_EQ(end.err, "");
}

TEST(map_output, input_goes_wherever_braces_are_and_else_at_the_end) {
    EXPECT_EQ(run_command({"map", "echo", "<{}>", "x{}y{}z", ":::", "a b"}).out,
              "<a b> xa bya bz\n");
    EXPECT_EQ(run_command({"map", "echo", "1", ":::", "a b"}).out, "1 a b\n");
    EXPECT_EQ(run_command({"map", "{}", "x", ":::", "echo"}).out, "x\n");
}

TEST(map_output, no_shell_looks_at_input_or_command) {
    EXPECT_EQ(run_command({"map", "echo", "$HOME", ":::", "; echo *"}).out, "$HOME ; echo *\n");
}

TEST(map_output, each_output_is_kept_together) {
    const auto end = run_command(
        map_shell({"-j2"}, "for i in 1 2 3 4 5; do echo $1; sleep 0.02; done", {"a", "b", "c"}));
    auto lines = lines_of(end.out);
    ASSERT_EQ(lines.size(), 15U);
    for (std::size_t i = 0; i < 15; i += 5)
        EXPECT_TRUE(std::equal(lines.begin() + static_cast<long>(i) + 1,
                               lines.begin() + static_cast<long>(i) + 5,
                               lines.begin() + static_cast<long>(i)))
            << end.out;
}

TEST(map_output, both_streams_stay_apart) {
    const auto end = run_command(map_shell({}, "echo out$1; echo err$1 >&2", {"1"}));
    EXPECT_EQ(end.out, "out1\n");
    EXPECT_EQ(end.err, "err1\n");
}

TEST(map_output, any_bytes_pass_unchanged) {
    const std::string bytes = "\xff\xfe\x80 \xc3(";
    EXPECT_EQ(run_command({"map", "printf", "%s|{}", ":::", bytes}).out, "|" + bytes);
    setting how;
    how.input = bytes + "\n";
    EXPECT_EQ(run_command({"map", "echo"}, how).out, bytes + "\n");
}

TEST(map_output, keep_order_prints_a_slow_first_job_first) {
    const scratch_folder folder;
    const auto end =
        run_command(map_shell({"-k", "-j3"},
                              "case $1 in 1) " + until(folder / "3") + ";; 3) touch '" +
                                  (folder / "3") + "';; esac; echo $1; echo e$1 >&2",
                              {"1", "2", "3", "4"}));
    EXPECT_EQ(end.status, 0);
    EXPECT_EQ(end.out, "1\n2\n3\n4\n");
    EXPECT_EQ(end.err, "e1\ne2\ne3\ne4\n");
}

TEST(map_output, without_keep_order_the_first_to_end_comes_first) {
    const scratch_folder folder;
    running_command twill(
        map_shell({"-j2"}, "[ $1 = 2 ] || { " + until(folder / "go") + "}; echo $1", {"1", "2"}));
    EXPECT_TRUE(twill.says("2\n"));
    folder.make("go");
    EXPECT_EQ(twill.finish().out, "2\n1\n");
}

TEST(map_output, keep_order_runs_ahead_only_so_far) {
    const scratch_folder folder;
    setting how;
    for (int i = 1; i <= 100; ++i) how.input += std::to_string(i) + "\n";
    running_command twill(
        map_shell({"-k", "-j2"}, "printf x >>'" + (folder / "ran") + "'; [ $1 != 1 ] || { " +
                                     until(folder / "go") + "}; echo $1"),
        how);
    // 64, and 8 for each of the two that run at once.
    constexpr std::size_t window = 80;
    // With one job running of the two that may, it would start more if it were to.
    EXPECT_TRUE(eventually(
        [&] { return folder.size_of("ran") >= window && twill.children().size() == 1; }));
    EXPECT_EQ(folder.size_of("ran"), window);
    folder.make("go");
    const auto end = twill.finish();
    EXPECT_EQ(end.status, 0);
    EXPECT_EQ(end.out, how.input);
}

// Much more than is kept in memory.
constexpr std::size_t large = 24U << 20U;

std::string write_large() {
    return "head -c " + std::to_string(large) + " /dev/zero | tr '\\0' $1";
}

TEST(map_output, large_output_is_complete_and_costs_no_memory) {
    for (const char* order : {"-j2", "-kj2"}) {
        const auto end = run_command(map_shell({order}, write_large() + "; echo", {"a", "b"}));
        EXPECT_EQ(end.status, 0) << end.err;
        ASSERT_EQ(end.out.size(), 2 * (large + 1));
        const char first = end.out.front();
        EXPECT_EQ(end.out.find_first_not_of(first), large) << "the outputs are mixed";
        EXPECT_TRUE(sanitized || end.peak_kib < 20 << 10) << end.peak_kib;
    }
}

TEST(map_output, job_reads_nothing_from_standard_input) {
    setting how;
    how.input = "a\nb\n";
    EXPECT_EQ(run_command({"map", "-k", "sh", "-c", "cat; echo {}"}, how).out, "a\nb\n");
}

TEST(map_output, dry_run_prints_commands_for_a_shell_and_runs_none) {
    const scratch_folder folder;
    const auto end = run_command({"map", "-n", "touch", folder / "no", "it's", ":::", "plain",
                                  "a b", "", "tab\there", "x\ny"});
    EXPECT_EQ(end.status, 0);
    const std::string start = "touch " + (folder / "no") + " 'it'\\''s' ";
    EXPECT_EQ(end.out, start + "plain\n" + start + "'a b'\n" + start + "''\n" + start +
                           "$'tab\\there'\n" + start + "$'x\\ny'\n");
    EXPECT_FALSE(folder.has("no"));
}

// A terminal, as the standard error of the command.
class terminal {
public:
    terminal() {
        if (::openpty(&ours_, &theirs_, nullptr, nullptr, nullptr) != 0)
            throw std::runtime_error("openpty failed");
    }
    ~terminal() {
        ::close(ours_);
        ::close(theirs_);
    }
    terminal(const terminal&) = delete;
    terminal& operator=(const terminal&) = delete;

    [[nodiscard]] setting how() const {
        setting made;
        made.environment = {"TERM=xterm"};
        made.in_child = [end = theirs_] {
            const winsize size{25, 120, 0, 0};
            ::ioctl(end, TIOCSWINSZ, &size);
            ::dup2(end, 2);
        };
        return made;
    }
    // Whether it comes to show `text`.
    bool shows(const std::string& text) {
        return eventually([&] {
            pollfd state{ours_, POLLIN, 0};
            char part[1024];
            if (::poll(&state, 1, 10) == 1)
                shown_.append(part, static_cast<std::size_t>(::read(ours_, part, sizeof part)));
            return shown_.find(text) != std::string::npos;
        });
    }
    [[nodiscard]] const std::string& shown() const { return shown_; }

private:
    int ours_ = -1;
    int theirs_ = -1;
    std::string shown_;
};

// Whether `process` has been blocked for most of `life`; waiting for a CPU, on a busy machine, is
// not that.
bool was_blocked_for_most_of(std::chrono::nanoseconds life, pid_t process) {
    std::ifstream file("/proc/" + std::to_string(process) + "/schedstat");
    long run = 0;
    long queued = 0;
    return file >> run >> queued && life > 100ms &&
           life > 8 * std::chrono::nanoseconds(run + queued);
}

TEST(map_output, progress_line_says_what_limits_the_run) {
    const scratch_folder folder;
    terminal screen;
    auto how = screen.how();
    how.keep_input_open = true;
    how.input = "1\n2\n3\n";
    const std::string gate = folder / "gate";
    ASSERT_EQ(::mkfifo(gate.c_str(), 0600), 0);
    running_command twill(map_shell({"-j1"}, "[ $1 = 1 ] && read line < '" + gate + "' && exit; " +
                                                 until(folder / "go")),
                          how);
    ASSERT_TRUE(eventually([&] { return twill.children().size() == 1; }));
    const auto began = std::chrono::steady_clock::now();
    ASSERT_TRUE(eventually([&] {
        const auto jobs = twill.children();
        return !jobs.empty() &&
               was_blocked_for_most_of(std::chrono::steady_clock::now() - began, jobs.front());
    }));
    std::ofstream(gate) << "go\n";
    EXPECT_TRUE(screen.shows("1 done, 1 running of 1 allowed, limited by: waiting on I/O"))
        << screen.shown();
    folder.make("go");
    EXPECT_TRUE(
        screen.shows("3 done, 0 running of 1 allowed, limited by: inputs that are not there"))
        << screen.shown();
    twill.close_input();
    EXPECT_EQ(twill.finish().status, 0);
}

TEST(map_output, progress_line_tells_of_workers) {
    const scratch_folder folder;
    terminal screen;
    auto how = screen.how();
    how.keep_input_open = true;
    how.input = "1\n";
    running_command twill(
        {"map", "-j2", "--worker", "sh", "-c",
         "while read -r i; do " + until(folder / "go") + "echo \"$TWILL_MAP_END 0\"; done"},
        how);
    EXPECT_TRUE(screen.shows("0 done, 1 running of 2 allowed, limited by: inputs"))
        << screen.shown();
    folder.make("go");
    EXPECT_TRUE(screen.shows("1 done, 0 running of 2 allowed")) << screen.shown();
    twill.close_input();
    EXPECT_EQ(twill.finish().status, 0);
}

TEST(map_output, terminal_gets_a_progress_line_that_goes_away) {
    const scratch_folder folder;
    int ours = -1;
    int theirs = -1;
    ASSERT_EQ(::openpty(&ours, &theirs, nullptr, nullptr, nullptr), 0);
    setting how;
    how.environment = {"TERM=xterm"};
    how.in_child = [&] { ::dup2(theirs, 2); };
    running_command twill(
        map_shell({"-j2"}, "[ $1 = 1 ] || { " + until(folder / "go") + "}; echo $1", {"1", "2"}),
        how);
    std::string shown;
    EXPECT_TRUE(eventually([&] {
        pollfd state{ours, POLLIN, 0};
        char part[1024];
        if (::poll(&state, 1, 10) == 1)
            shown.append(part, static_cast<std::size_t>(::read(ours, part, sizeof part)));
        return shown.find("50% 1 of 2, 1 running") != std::string::npos;
    })) << shown;
    folder.make("go");
    EXPECT_EQ(twill.finish().status, 0);
    char part[1024];
    shown.append(part, static_cast<std::size_t>(::read(ours, part, sizeof part)));
    EXPECT_TRUE(shown.ends_with("\r\x1b[K")) << shown;
    ::close(ours);
    ::close(theirs);
}

// With standard output on the terminal, too.
class whole_terminal {
public:
    whole_terminal() {
        if (::openpty(&ours_, &theirs_, nullptr, nullptr, nullptr) != 0)
            throw std::runtime_error("openpty failed");
    }
    ~whole_terminal() { ::close(ours_); }
    whole_terminal(const whole_terminal&) = delete;
    whole_terminal& operator=(const whole_terminal&) = delete;

    // All that it shows.
    std::string shows(const std::vector<std::string>& words) {
        setting how;
        how.environment = {"TERM=xterm"};
        how.own_output = false;
        how.in_child = [end = theirs_] {
            ::dup2(end, 1);
            ::dup2(end, 2);
        };
        running_command twill(words, how);
        ::close(theirs_);
        std::string all;
        char part[4096];
        for (;;) {
            const ssize_t got = ::read(ours_, part, sizeof part);
            if (got <= 0) break;
            all.append(part, static_cast<std::size_t>(got));
        }
        EXPECT_EQ(twill.wait().status, 0);
        return all;
    }

private:
    int ours_ = -1;
    int theirs_ = -1;
};

TEST(map_output, progress_line_is_not_drawn_into_an_output) {
    whole_terminal screen;
    const auto shown = screen.shows(map_shell(
        {"-j1"}, "[ $1 = 1 ] && sleep 0.3 || yes 123456789 | head -n 500000", {"1", "2"}));
    const auto first = shown.find("123456789");
    const auto last = shown.rfind("123456789");
    ASSERT_NE(first, std::string::npos);
    EXPECT_LT(shown.find('\x1b'), first) << "there was a line before it";
    EXPECT_EQ(shown.substr(first, last - first).find('\x1b'), std::string::npos);
}

TEST(map_output, progress_line_does_not_take_away_a_line_that_has_not_ended) {
    whole_terminal screen;
    const auto shown =
        screen.shows(map_shell({"-kj1"}, "[ $1 = 1 ] || sleep 0.4; printf kept$1", {"1", "2"}));
    EXPECT_NE(shown.find("kept1kept2"), std::string::npos) << shown;
}

}  // namespace
