// How `twill map` is stopped, and that it leaves nothing running.
#include "support/ignored_signals.hpp"
#include "tools/running_command.hpp"
#include "twill/map/job.hpp"
#include "twill/map/output_store.hpp"
#include "twill/map/stop_here.hpp"
#include "twill/map/time_limit.hpp"

#include <twill/core/task.hpp>
#include <twill/io/process.hpp>
#include <twill/runtime/runtime.hpp>

#include <pty.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace {

using namespace twill_test;

// Says that it runs, then goes on when the file is there.
std::string wait_for(const std::string& path) { return "touch '" + path + "'$1; " + until(path); }

struct two_running_jobs {
    explicit two_running_jobs(const std::string& end_of_script = "echo $1",
                              const std::vector<std::string>& inputs = {"1", "2", "3"},
                              const setting& how = {})
        : twill(map_shell({"-kj2"}, wait_for(folder / "go") + end_of_script, inputs), how) {
        started = eventually([this] { return folder.has("go1") && folder.has("go2"); });
    }
    scratch_folder folder;
    running_command twill;
    bool started = false;
};

TEST(map_signal, interrupt_starts_no_more_and_waits_for_the_running) {
    two_running_jobs run;
    ASSERT_TRUE(run.started);
    run.twill.signal(SIGINT);
    EXPECT_TRUE(run.twill.says(
        "twill map: interrupted; waiting for 2 running jobs (Ctrl-C again: stop them)\n"));
    run.folder.make("go");
    const auto end = run.twill.finish();
    EXPECT_EQ(end.out, "1\n2\n");
    EXPECT_EQ(end.status, 128 + SIGINT);
    EXPECT_TRUE(run.twill.left_nothing());
}

TEST(map_signal, interrupt_waits_also_when_all_were_started) {
    two_running_jobs run("echo $1", {"1", "2"});
    ASSERT_TRUE(run.started);
    run.twill.signal(SIGINT);
    EXPECT_TRUE(run.twill.says("waiting for 2 running jobs"));
    run.folder.make("go");
    EXPECT_EQ(run.twill.finish().out, "1\n2\n");
}

TEST(map_signal, second_interrupt_stops_the_running) {
    two_running_jobs run;
    ASSERT_TRUE(run.started);
    run.twill.signal(SIGINT);
    EXPECT_TRUE(run.twill.says("waiting for 2 running jobs"));
    run.twill.signal(SIGINT);
    EXPECT_EQ(run.twill.finish().status, 128 + SIGINT);
    EXPECT_TRUE(run.twill.left_nothing());
}

TEST(map_signal, interrupt_ends_the_wait_for_input) {
    setting how;
    how.keep_input_open = true;
    running_command twill({"map", "echo"}, how);
    twill.feed("a\n");
    EXPECT_TRUE(twill.says("a\n"));
    twill.signal(SIGINT);
    EXPECT_EQ(twill.finish().status, 128 + SIGINT);
}

TEST(map_signal, termination_stops_the_running_at_once) {
    for (const int number : {SIGTERM, SIGHUP}) {
        two_running_jobs run;
        ASSERT_TRUE(run.started);
        run.twill.signal(number);
        EXPECT_EQ(run.twill.finish().status, 128 + number);
        EXPECT_TRUE(run.twill.left_nothing());
    }
}

TEST(map_signal, being_killed_takes_the_jobs_along) {
    const scratch_folder folder;
    running_command twill(
        map_shell({"-j2"}, "touch '" + (folder / "up") + "'$1; exec sleep 1000", {"1", "2"}));
    ASSERT_TRUE(eventually([&] { return folder.has("up1") && folder.has("up2"); }));
    twill.signal(SIGKILL);
    EXPECT_EQ(twill.wait().status, 128 + SIGKILL);
    EXPECT_TRUE(twill.left_nothing());
}

TEST(map_signal, jobs_ignore_what_was_ignored_at_the_start_and_nothing_else) {
    setting how;
    how.in_child = [] { std::signal(SIGHUP, SIG_IGN); };
    const auto end = run_command({"map", "grep", "SigIgn", ":::", "/proc/self/status"}, how);
    std::istringstream lines(end.out);
    // Of those that this process ignores, `run_command` gives SIGPIPE back.
    const std::uint64_t inherited = ignored_signals() & ~signal_bit(SIGPIPE) & ~signal_bit(SIGCHLD);
    EXPECT_EQ(ignored_signals(lines), inherited | signal_bit(SIGHUP)) << end.out;
}

// As some programs do, so as not to wait for their own children.
TEST(map_signal, starter_that_ignores_ends_of_children_does_no_harm) {
    setting how;
    how.in_child = [] { std::signal(SIGCHLD, SIG_IGN); };
    const auto end = run_command(map_shell({"-kj2"}, "echo $1; true; exit $1", {"0", "3"}), how);
    EXPECT_EQ(end.out, "0\n3\n");
    EXPECT_EQ(end.status, 1);
    EXPECT_EQ(end.err.find("wait for"), std::string::npos) << end.err;
}

TEST(map_signal, job_that_ignores_termination_is_killed_with_its_children) {
    const scratch_folder folder;
    running_command stubborn(
        map_shell({}, "trap '' TERM; sleep 1000 & touch '" + (folder / "up") + "'; wait", {"1"}));
    ASSERT_TRUE(eventually([&] { return folder.has("up"); }));
    stubborn.signal(SIGTERM);
    EXPECT_EQ(stubborn.finish().status, 128 + SIGTERM);
    EXPECT_TRUE(stubborn.left_nothing());
}

TEST(map_signal, ignored_signals_stay_ignored) {
    setting how;
    how.in_child = [] {
        std::signal(SIGHUP, SIG_IGN);
        std::signal(SIGINT, SIG_IGN);
    };
    two_running_jobs run("echo $1", {"1", "2", "3"}, how);
    ASSERT_TRUE(run.started);
    run.twill.signal(SIGHUP);
    run.twill.signal(SIGINT);
    run.folder.make("go");
    const auto end = run.twill.finish();
    EXPECT_EQ(end.status, 0);
    EXPECT_EQ(end.out, "1\n2\n3\n");
}

TEST(map_signal, timeout_stops_the_group_and_counts_as_a_failure) {
    running_command twill(
        map_shell({"-t", "200ms", "-j2"}, "echo $1; sleep $1; echo no", {"1000"}));
    const auto end = twill.finish();
    EXPECT_EQ(end.status, 1);
    EXPECT_EQ(end.out, "1000\n");
    EXPECT_NE(end.err.find("stopped: it took longer than --timeout"), std::string::npos);
    EXPECT_TRUE(twill.left_nothing());
}

TEST(map_signal, timeout_lets_quick_jobs_pass) {
    EXPECT_EQ(run_command({"map", "-t", "1m", "echo", ":::", "a"}).status, 0);
}

TEST(map_signal, reader_that_goes_away_ends_it_quietly_like_a_filter) {
    running_command twill(map_shell({"-j2"}, "echo $1; [ $1 = 1 ] || sleep 1000", {"1", "2", "3"}));
    EXPECT_TRUE(twill.says("1\n"));
    twill.close_output();
    running_command second(
        map_shell({"-j2"}, "[ $1 = 1 ] || sleep 1000; echo $1", {"1", "2", "3"}));
    second.close_output();
    const auto end = second.wait();
    EXPECT_EQ(end.status, 128 + SIGPIPE);
    EXPECT_EQ(end.err, "");
    EXPECT_TRUE(second.left_nothing());
    twill.signal(SIGTERM);
    EXPECT_EQ(twill.wait().status, 128 + SIGTERM);
    EXPECT_TRUE(twill.left_nothing());
}

TEST(map_signal, reader_that_is_slow_does_not_keep_it_from_stopping) {
    running_command twill(map_shell({"-j1"}, "head -c 1000000 /dev/zero", {"1"}));
    ASSERT_TRUE(eventually([&] { return twill.output_is_full(); })) << "nobody reads";
    twill.signal(SIGTERM);
    EXPECT_EQ(twill.wait().status, 128 + SIGTERM);
    EXPECT_TRUE(twill.left_nothing());
}

TEST(map_signal, what_a_job_leaves_in_the_background_is_ended) {
    running_command twill(map_shell({}, "sleep 1000 >/dev/null 2>&1 & echo started", {"1"}));
    const auto end = twill.finish();
    EXPECT_EQ(end.status, 0);
    EXPECT_EQ(end.out, "started\n");
    EXPECT_TRUE(twill.left_nothing());
}

TEST(map_signal, what_still_writes_in_the_background_may_finish) {
    running_command twill(map_shell({}, "(sleep 0.1; echo late) & echo early", {"1"}));
    EXPECT_EQ(twill.finish().out, "early\nlate\n");
}

TEST(map_signal, what_never_stops_writing_in_the_background_is_ended) {
    running_command twill(map_shell({}, "sleep 1000 & echo early", {"1"}));
    EXPECT_EQ(twill.finish().out, "early\n");
    EXPECT_TRUE(twill.left_nothing());
}

TEST(map_signal, job_that_closes_its_outputs_and_lives_on_is_waited_for) {
    const scratch_folder folder;
    running_command twill(
        map_shell({}, "echo $1; exec >&- 2>&-; " + wait_for(folder / "go") + "exit 3", {"1"}));
    ASSERT_TRUE(eventually([&] { return folder.has("go1"); }));
    EXPECT_EQ(twill.so_far().out, "");
    folder.make("go");
    const auto end = twill.finish();
    EXPECT_EQ(end.status, 1);
    EXPECT_EQ(end.out, "1\n");
}

// It has left the group on purpose, and holds the outputs of the job that started it.
TEST(map_signal, daemon_is_not_waited_for_and_cannot_write_into_later_outputs) {
    const scratch_folder folder;
    // Job 1 leaves a daemon behind, which writes while job 2 runs; nobody may be there to read it.
    running_command twill(map_shell(
        {"-j1"},
        "case $1 in 1) setsid sh -c \"trap '' PIPE; " + until(folder / "go") +
            "echo stray; touch '" + (folder / "wrote") + "'; exec sleep 1000\" & ;; 2) touch '" +
            (folder / "go") + "'; " + until(folder / "wrote") + ";; esac; echo $1",
        {"0", "1", "2"}));
    const auto end = twill.finish();
    EXPECT_EQ(end.out, "0\n1\n2\n");
    for (const pid_t left : twill.marked()) ::kill(left, SIGKILL);
    EXPECT_TRUE(twill.left_nothing());
}

// They have become its children, and nobody else would wait for them.
TEST(map_signal, daemons_that_have_ended_leave_no_zombies) {
    const scratch_folder folder;
    const std::string daemon = "case $1 in last) touch '" + (folder / "last") + "'; " +
                               until(folder / "go") + ";; *) setsid sh -c \"touch '" +
                               (folder / "d") +
                               "$1'; exec sleep 0.3\" >/dev/null 2>&1 & while [ ! -e '" +
                               (folder / "d") + "'$1 ]; do sleep 0.01; done;; esac";
    running_command twill(map_shell({"-j1"}, daemon, {"1", "2", "3", "last"}));
    ASSERT_TRUE(eventually([&] { return folder.has("last"); }));
    EXPECT_TRUE(eventually([&] { return twill.children().size() == 1; }))
        << "besides the job that runs, there are " << twill.children().size() - 1;
    folder.make("go");
    EXPECT_EQ(twill.finish().status, 0);
}

struct process_state {
    char letter = '?';
    pid_t parent = 0;
};

process_state state_of(pid_t process) {
    std::ifstream file("/proc/" + std::to_string(process) + "/stat");
    std::string text;
    std::getline(file, text);
    process_state state;
    if (const auto name_ends = text.rfind(')'); name_ends != std::string::npos)
        std::istringstream(text.substr(name_ends + 1)) >> state.letter >> state.parent;
    return state;
}

// A shell that starts a program by vfork, and waits for a child that was stopped before it had
// become that program, goes nowhere either.
bool all_are_stopped(const running_command& twill) {
    std::set<pid_t> wait_for_child;
    std::set<pid_t> parents_of_stopped;
    for (const pid_t each : twill.marked()) {
        const auto state = state_of(each);
        if (state.letter == 'T')
            parents_of_stopped.insert(state.parent);
        else if (state.letter == 'D')
            wait_for_child.insert(each);
        else
            return false;
    }
    return std::ranges::includes(parents_of_stopped, wait_for_child);
}

// Of a log with one job.
double number_in(const std::string& log, const std::string& name) {
    std::ifstream file(log);
    std::string text;
    std::getline(file, text);
    const auto at = text.find('"' + name + "\":");
    return at == std::string::npos ? 1e9 : std::stod(text.substr(at + name.size() + 3));
}

TEST(map_signal, ctrl_z_stops_the_jobs_too_and_their_time_stands_still) {
    const scratch_folder folder;
    const std::string log = folder / "log.jsonl";
    running_command twill(map_shell({"--timeout", "2s", "--joblog", log},
                                    wait_for(folder / "go") + "echo $1", {"1"}));
    ASSERT_TRUE(eventually([&] { return folder.has("go1"); }));
    twill.signal(SIGTSTP);
    EXPECT_TRUE(eventually([&] { return all_are_stopped(twill); }));
    folder.make("go");
    std::this_thread::sleep_for(2100ms);
    EXPECT_TRUE(all_are_stopped(twill));
    twill.signal(SIGCONT);
    const auto end = twill.finish();
    EXPECT_EQ(end.status, 0) << end.err;
    EXPECT_EQ(end.out, "1\n");
    EXPECT_LT(number_in(log, "blocked_s"), 2) << "it was not blocked while it was stopped";
}

// The Ctrl-Z came between the job's start and the first look at its time.
TEST(map_signal, time_that_a_job_was_stopped_before_anybody_looked_is_none_of_its_own) {
    twill_command::time_limit limit(2s);
    twill_command::output_store store;
    const auto result = twill::run([&]() -> twill::task<twill_command::job_result> {
        auto job = twill::process::start({.arguments = {"sleep", "0.1"},
                                          .out = twill::stdio::pipe(),
                                          .err = twill::stdio::pipe(),
                                          .own_group = true});
        const auto began = twill::now() - 10s;
        limit.note_stopped(9s + 500ms);
        co_return co_await twill_command::attend(job, began, 0s, limit, store);
    });
    EXPECT_FALSE(result.timed_out);
    EXPECT_TRUE(result.success());
}

TEST(map_signal, ctrl_z_stops_a_program_whose_thread_has_signals_blocked) {
    const pid_t child = ::fork();
    if (child == 0) {
        // In a group of its own with its parent outside, or the kernel would not stop it.
        ::setpgid(0, 0);
        sigset_t all;
        sigset_t after;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
        twill_command::stop_here();
        ::pthread_sigmask(SIG_BLOCK, nullptr, &after);
        ::_exit(::sigismember(&after, SIGTSTP) == 1 ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, WUNTRACED), child);
    EXPECT_TRUE(WIFSTOPPED(status)) << "it went on";
    ::kill(child, SIGCONT);
    if (WIFSTOPPED(status)) {
        ASSERT_EQ(::waitpid(child, &status, 0), child);
    }
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "it is blocked as before";
}

TEST(map_signal, job_that_ended_in_time_while_nobody_looked_has_not_timed_out) {
    const scratch_folder folder;
    running_command twill(
        map_shell({"--timeout", "2s"}, wait_for(folder / "go") + "echo $1", {"1"}));
    ASSERT_TRUE(eventually([&] { return folder.has("go1"); }));
    // Its jobs are in other groups.
    twill.signal(SIGSTOP);
    folder.make("go");
    ASSERT_TRUE(eventually([&] { return twill.marked().size() == 1; }));
    std::this_thread::sleep_for(2100ms);
    twill.signal(SIGCONT);
    const auto end = twill.finish();
    EXPECT_EQ(end.status, 0) << end.err;
    EXPECT_EQ(end.out, "1\n");
}

TEST(map_signal, job_that_waits_for_the_terminal_is_told) {
    int ours = -1;
    int theirs = -1;
    ASSERT_EQ(::openpty(&ours, &theirs, nullptr, nullptr, nullptr), 0);
    setting how;
    // In a session whose terminal that is; its first process must lead no group yet.
    how.in_child = [&] {
        const pid_t command = ::fork();
        int status = 0;
        if (command > 0) {
            ::waitpid(command, &status, 0);
            ::_exit(WEXITSTATUS(status));
        }
        ::setsid();
        ::ioctl(theirs, TIOCSCTTY, 0);
    };
    const auto end = run_command(map_shell({"--timeout", "3s"}, "cat < /dev/tty", {"1"}), how);
    EXPECT_EQ(end.status, 1);
    EXPECT_NE(end.err.find("wants the terminal, which no job gets"), std::string::npos) << end.err;
    ::close(ours);
    ::close(theirs);
}

}  // namespace
