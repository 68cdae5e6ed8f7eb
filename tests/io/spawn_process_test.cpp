#include <twill/io/detail/spawn_process.hpp>

#include <twill/core/error.hpp>

#include "fixtures.hpp"
#include "support/denied_call.hpp"
#include "support/ignored_signals.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace fs = std::filesystem;
using namespace twill::detail;
using twill::resource_limit;
using twill_test::in_another_process;
using twill_test::in_own_thread;
using twill_test::temporary_directory;

struct pipe_ends {
    pipe_ends() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
        read = descriptor(ends[0]);
        write = descriptor(ends[1]);
    }
    // All that comes until the last writer is gone.
    std::string drain() {
        write.reset();
        std::string text;
        char buffer[4096];
        for (ssize_t got = 0; (got = ::read(read.get(), buffer, sizeof buffer)) > 0;)
            text.append(buffer, static_cast<std::size_t>(got));
        return text;
    }
    descriptor read;
    descriptor write;
};

// argv from strings.
class arguments {
public:
    arguments(std::initializer_list<const char*> words) : pointers_(words) {
        pointers_.push_back(nullptr);
    }
    [[nodiscard]] const char* const* get() const { return pointers_.data(); }

private:
    std::vector<const char*> pointers_;
};

// Runs to the end; what it wrote to its standard output.
std::string output_of(const arguments& argv, spawn_request request = {}) {
    pipe_ends out;
    request.argv = argv.get();
    request.out = child_stream::use(out.write.get());
    const auto child = spawn_process(request);
    std::string text = out.drain();
    const auto report = reap(child.pidfd);
    EXPECT_TRUE(report.exited && report.code == 0) << "code " << report.code;
    return text;
}

spawn_outcome try_start(const arguments& argv, spawn_request request = {}) {
    request.argv = argv.get();
    return try_spawn_process(request);
}

TEST(spawn_process, exit_code_is_reported) {
    const arguments argv = {"sh", "-c", "exit 7"};
    const auto child = spawn_process({.argv = argv.get()});
    const auto report = reap(child.pidfd);
    EXPECT_EQ(report.pid, child.pid);
    EXPECT_TRUE(report.exited);
    EXPECT_EQ(report.code, 7);
}

TEST(spawn_process, killing_signal_is_reported) {
    const arguments argv = {"sh", "-c", "kill -KILL $$"};
    const auto report = reap(spawn_process({.argv = argv.get()}).pidfd);
    EXPECT_FALSE(report.exited);
    EXPECT_EQ(report.signal, SIGKILL);
    EXPECT_FALSE(report.core_dumped);
}

TEST(spawn_process, used_resources_are_reported) {
    const arguments argv = {"sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"};
    const auto report = reap(spawn_process({.argv = argv.get()}).pidfd);
    EXPECT_GT(report.user + report.system, twill::duration::zero());
    EXPECT_GT(report.max_resident, 100'000U);
    EXPECT_GT(report.voluntary_switches + report.involuntary_switches, 0U);
}

TEST(spawn_process, pidfd_becomes_readable_at_the_end_and_is_close_on_exec) {
    pipe_ends in;
    const arguments argv = {"cat"};
    const auto child = spawn_process({.argv = argv.get(), .in = child_stream::use(in.read.get())});
    EXPECT_TRUE(::fcntl(child.pidfd.get(), F_GETFD) & FD_CLOEXEC);
    pollfd wait{child.pidfd.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&wait, 1, 0), 0);
    in.write.reset();
    EXPECT_EQ(::poll(&wait, 1, 20'000), 1);
    EXPECT_EQ(reap(child.pidfd).code, 0);
}

TEST(spawn_process, second_reap_is_an_error) {
    const arguments argv = {"true"};
    const auto child = spawn_process({.argv = argv.get()});
    reap(child.pidfd);
    try {
        reap(child.pidfd);
        FAIL() << "should have thrown";
    } catch (const twill::io_error& e) {
        EXPECT_EQ(e.code(), std::errc::no_child_process);
    }
}

TEST(spawn_process, program_missing_in_path_fails_at_find) {
    const auto outcome = try_start({"no-such-program-here"});
    EXPECT_FALSE(outcome);
    EXPECT_EQ(outcome.failed, spawn_step::find);
    EXPECT_EQ(outcome.error, ENOENT);
}

TEST(spawn_process, missing_file_fails_at_execute) {
    const auto outcome = try_start({"/no/such/file"});
    EXPECT_EQ(outcome.failed, spawn_step::execute);
    EXPECT_EQ(outcome.error, ENOENT);
}

TEST(spawn_process, file_without_permission_fails_at_execute) {
    const temporary_directory dir;
    const std::string file = dir.file("data", "no program", 0644);
    const auto outcome = try_start({file.c_str()});
    EXPECT_EQ(outcome.failed, spawn_step::execute);
    EXPECT_EQ(outcome.error, EACCES);
}

TEST(spawn_process, missing_interpreter_fails_at_execute) {
    const temporary_directory dir;
    const std::string file = dir.file("script", "#!/no/such/interpreter\n", 0755);
    const auto outcome = try_start({file.c_str()});
    EXPECT_EQ(outcome.failed, spawn_step::execute);
    EXPECT_EQ(outcome.error, ENOENT);
}

TEST(spawn_process, bad_directory_fails_at_directory_and_the_error_names_it) {
    const arguments argv = {"true"};
    try {
        spawn_process({.argv = argv.get(), .directory = "/no/such/dir"});
        FAIL() << "should have thrown";
    } catch (const twill::io_error& e) {
        EXPECT_STREQ(e.what(), "change directory to /no/such/dir: No such file or directory");
    }
}

TEST(spawn_process, closed_descriptor_fails_at_stream) {
    const auto outcome = try_start({"true"}, {.err = child_stream::use(987654)});
    EXPECT_EQ(outcome.failed, spawn_step::stream);
    EXPECT_EQ(outcome.error, EBADF);
}

TEST(spawn_process, group_that_does_not_exist_fails_at_group) {
    constexpr pid_t above_all_pids = (1 << 22) + 1;
    const auto outcome = try_start({"true"}, {.group = above_all_pids});
    EXPECT_EQ(outcome.failed, spawn_step::group);
    EXPECT_EQ(outcome.error, EPERM);
}

TEST(spawn_process, impossible_limit_fails_at_limit) {
    const resource_limit more_soft_than_hard[] = {{RLIMIT_CORE, 2, 1}};
    const auto outcome = try_start({"true"}, {.limits = more_soft_than_hard});
    EXPECT_EQ(outcome.failed, spawn_step::limit);
    EXPECT_EQ(outcome.error, EINVAL);
}

TEST(spawn_process, too_many_descriptors_fail_at_create) {
    EXPECT_TRUE(in_another_process([] {
        const descriptor next(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        const auto limit = static_cast<rlim_t>(next.get()) + 1;
        const rlimit full{limit, limit};
        if (::setrlimit(RLIMIT_NOFILE, &full) != 0) return false;
        const auto outcome = try_start({"/bin/true"});
        return outcome.failed == spawn_step::create && outcome.error == EMFILE;
    }));
}

TEST(spawn_process, too_long_arguments_fail_at_execute) {
    const std::string huge(8 << 20, 'x');
    const auto outcome = try_start({"true", huge.c_str()});
    EXPECT_EQ(outcome.failed, spawn_step::execute);
    EXPECT_EQ(outcome.error, E2BIG);
}

TEST(spawn_process, failed_start_leaves_no_process_descriptor_or_signal) {
    EXPECT_TRUE(in_another_process([] {
        sigset_t child_signal;
        sigemptyset(&child_signal);
        sigaddset(&child_signal, SIGCHLD);
        ::pthread_sigmask(SIG_BLOCK, &child_signal, nullptr);
        const descriptor before(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        for (int i = 0; i < 3; ++i)
            if (try_start({"/no/such/file"})) return false;
        const descriptor after(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        sigset_t pending;
        ::sigpending(&pending);
        return ::waitpid(-1, nullptr, WNOHANG | __WALL) == -1 && errno == ECHILD &&
               after.get() == before.get() + 1 && !::sigismember(&pending, SIGCHLD);
    }));
}

TEST(spawn_process, script_without_first_line_is_run_by_the_shell) {
    const temporary_directory dir;
    const std::string file = dir.file("script", "echo \"$0:$1:$2\"\n", 0755);
    EXPECT_EQ(output_of({file.c_str(), "a b", "c"}), file + ":a b:c\n");
}

TEST(spawn_process, arguments_may_hold_any_bytes) {
    EXPECT_EQ(output_of({"printf", "%s|", "\xff\xfe\x80", "", "\n*"}), "\xff\xfe\x80||\n*|");
}

TEST(spawn_process, program_may_differ_from_the_first_argument) {
    EXPECT_EQ(output_of({"other-name", "-c", "echo $0"}, {.program = "sh"}), "other-name\n");
}

TEST(spawn_process, environment_is_inherited_extended_or_replaced) {
    ::setenv("TWILL_TEST_A", "parent", 1);
    ::setenv("TWILL_TEST_B", "parent", 1);
    const arguments show = {"/bin/sh", "-c", "echo $TWILL_TEST_A $TWILL_TEST_B $TWILL_TEST_C"};
    const char* const own[] = {"TWILL_TEST_B=own", "TWILL_TEST_C=new"};
    EXPECT_EQ(output_of(show), "parent parent\n");
    EXPECT_EQ(output_of(show, {.environment_is = environment_mode::extend, .environment = own}),
              "parent own new\n");
    EXPECT_EQ(output_of({"env"}, {.environment_is = environment_mode::replace, .environment = own}),
              "TWILL_TEST_B=own\nTWILL_TEST_C=new\n");
    EXPECT_EQ(output_of({"env"}, {.environment_is = environment_mode::replace}), "");
    ::unsetenv("TWILL_TEST_A");
    ::unsetenv("TWILL_TEST_B");
}

TEST(spawn_process, directory_is_the_childs_alone) {
    const fs::path before = fs::current_path();
    EXPECT_EQ(output_of({"/bin/sh", "-c", "pwd -P"}, {.directory = "/"}), "/\n");
    EXPECT_EQ(fs::current_path(), before);
}

TEST(spawn_process, limits_are_the_childs_alone) {
    rlimit before{};
    ::getrlimit(RLIMIT_CORE, &before);
    const resource_limit none[] = {{RLIMIT_CORE, 0, 0}};
    EXPECT_EQ(output_of({"/bin/sh", "-c", "ulimit -c"}, {.limits = none}), "0\n");
    rlimit after{};
    ::getrlimit(RLIMIT_CORE, &after);
    EXPECT_EQ(after.rlim_max, before.rlim_max);
}

TEST(spawn_process, null_streams_read_nothing_and_swallow_all) {
    const arguments argv = {"sh", "-c", "read line && exit 1; echo a; echo b >&2"};
    const auto child = spawn_process({.argv = argv.get(),
                                      .in = child_stream::null(),
                                      .out = child_stream::null(),
                                      .err = child_stream::null()});
    EXPECT_EQ(reap(child.pidfd).code, 0);
}

TEST(spawn_process, output_and_error_can_share_a_descriptor) {
    pipe_ends both;
    const arguments argv = {"sh", "-c", "echo out; echo err >&2"};
    const auto child = spawn_process({.argv = argv.get(),
                                      .out = child_stream::use(both.write.get()),
                                      .err = child_stream::use(both.write.get())});
    EXPECT_EQ(both.drain(), "out\nerr\n");
    reap(child.pidfd);
}

TEST(spawn_process, output_and_error_can_be_exchanged) {
    pipe_ends one;
    pipe_ends two;
    EXPECT_TRUE(in_another_process([&] {
        if (::dup2(one.write.get(), 1) != 1 || ::dup2(two.write.get(), 2) != 2) return false;
        const arguments argv = {"sh", "-c", "echo out; echo err >&2"};
        const auto child = spawn_process(
            {.argv = argv.get(), .out = child_stream::use(2), .err = child_stream::use(1)});
        return reap(child.pidfd).code == 0;
    }));
    EXPECT_EQ(one.drain(), "err\n");
    EXPECT_EQ(two.drain(), "out\n");
}

TEST(spawn_process, streams_are_right_when_the_parent_has_closed_its_own) {
    pipe_ends out;
    EXPECT_TRUE(in_another_process([&] {
        for (int standard = 0; standard < 3; ++standard) ::close(standard);
        const arguments argv = {"sh", "-c", "echo a; echo b >&2; read line || echo end"};
        const auto child = spawn_process({.argv = argv.get(),
                                          .in = child_stream::null(),
                                          .out = child_stream::use(out.write.get()),
                                          .err = child_stream::null()});
        return reap(child.pidfd).code == 0;
    }));
    EXPECT_EQ(out.drain(), "a\nend\n");
}

TEST(spawn_process, close_on_exec_descriptor_at_its_own_place_is_kept) {
    pipe_ends out;
    EXPECT_TRUE(in_another_process([&] {
        if (::dup3(out.write.get(), 1, O_CLOEXEC) != 1) return false;
        const arguments argv = {"echo", "kept"};
        const auto child = spawn_process({.argv = argv.get(), .out = child_stream::use(1)});
        return reap(child.pidfd).code == 0;
    }));
    EXPECT_EQ(out.drain(), "kept\n");
}

TEST(spawn_process, no_other_descriptor_reaches_the_child) {
    const descriptor careless(::open("/dev/null", O_RDONLY));  // not close-on-exec
    const descriptor far_away(::fcntl(careless.get(), F_DUPFD, 200));
    ASSERT_TRUE(far_away);
    EXPECT_EQ(output_of({"ls", "/proc/self/fd"},
                        {.in = child_stream::null(), .err = child_stream::null()}),
              "0\n1\n2\n3\n")
        << "3 is that of ls itself";
}

void do_nothing(int) {}

// The status of a child, which tells of its signals, while this process ignores SIGPIPE, handles
// SIGUSR1 and blocks some; which stays so.
std::string status_of_child(const spawn_request& request) {
    struct sigaction handled{};
    handled.sa_handler = &do_nothing;
    struct sigaction ignored{};
    ignored.sa_handler = SIG_IGN;
    struct sigaction before_pipe{};
    struct sigaction before_usr1{};
    ::sigaction(SIGPIPE, &ignored, &before_pipe);
    ::sigaction(SIGUSR1, &handled, &before_usr1);
    sigset_t some;
    sigemptyset(&some);
    sigaddset(&some, SIGTERM);
    sigaddset(&some, SIGRTMIN);
    sigset_t before;
    ::pthread_sigmask(SIG_BLOCK, &some, &before);

    const std::string status = output_of({"cat", "/proc/self/status"}, request);

    sigset_t after;
    ::pthread_sigmask(SIG_SETMASK, &before, &after);
    struct sigaction still_pipe{};
    struct sigaction still_usr1{};
    ::sigaction(SIGPIPE, &before_pipe, &still_pipe);
    ::sigaction(SIGUSR1, &before_usr1, &still_usr1);
    EXPECT_TRUE(::sigismember(&after, SIGTERM)) << "the parent's mask must stay";
    EXPECT_FALSE(::sigismember(&after, SIGINT));
    EXPECT_EQ(still_pipe.sa_handler, SIG_IGN) << "the parent's dispositions must stay";
    EXPECT_EQ(still_usr1.sa_handler, &do_nothing);
    return status;
}

std::uint64_t ignored_by_child(const spawn_request& request) {
    const std::string none = ":\t0000000000000000\n";
    const std::string status = status_of_child(request);
    EXPECT_NE(status.find("SigBlk" + none), status.npos) << status;
    EXPECT_NE(status.find("SigCgt" + none), status.npos) << status;
    std::istringstream lines(status);
    return twill_test::ignored_signals(lines);
}

void expect_signals_of_children() {
    EXPECT_EQ(ignored_by_child({}), 0u);
    EXPECT_EQ(ignored_by_child({.keeps_ignored_signals = true}),
              twill_test::ignored_signals() | twill_test::signal_bit(SIGPIPE));
}

TEST(spawn_process, child_has_default_or_ignored_dispositions_and_an_empty_mask) {
    expect_signals_of_children();
}

TEST(spawn_process, child_has_the_same_where_clone3_is_forbidden) {
    for (const int how : {ENOSYS, EPERM})
        in_own_thread([how] {
            if (!twill_test::deny_call(SYS_clone3, how)) GTEST_SKIP() << "no seccomp filters";
            expect_signals_of_children();
        });
}

TEST(spawn_process, child_ends_with_the_thread_that_asked_for_it) {
    child_process child;
    pipe_ends in;
    in_own_thread([&] {
        const arguments argv = {"cat"};
        child = spawn_process({.argv = argv.get(),
                               .in = child_stream::use(in.read.get()),
                               .dies_with_starter = true});
    });
    EXPECT_EQ(reap(child.pidfd).signal, SIGKILL);
}

volatile pid_t parent_process = 0;
volatile sig_atomic_t ran_in_a_child = 0;

void note_where(int) {
    if (::syscall(SYS_getpid) != parent_process) ran_in_a_child = 1;
}

TEST(spawn_process, handlers_of_the_parent_never_run_in_a_child) {
    EXPECT_TRUE(in_another_process([] {
        ::setpgid(0, 0);
        parent_process = ::getpid();
        const pid_t storm = ::fork();
        if (storm == 0) {
            ::signal(SIGWINCH, SIG_IGN);
            while (::getppid() == parent_process) ::kill(0, SIGWINCH);
            ::_exit(0);
        }
        struct sigaction handled{};
        handled.sa_handler = &note_where;
        handled.sa_flags = SA_RESTART;
        ::sigaction(SIGWINCH, &handled, nullptr);
        bool all_well = true;
        for (int i = 0; i < 50; ++i) {
            const arguments argv = {"/bin/true"};
            const auto report = reap(spawn_process({.argv = argv.get()}).pidfd);
            all_well = all_well && report.exited && report.code == 0;
        }
        ::kill(storm, SIGKILL);
        ::waitpid(storm, nullptr, 0);
        return all_well && ran_in_a_child == 0;
    }));
}

TEST(spawn_process, child_that_a_signal_ends_before_its_program_is_reaped_like_any_other) {
    EXPECT_TRUE(in_another_process([] {
        ::setpgid(0, 0);
        const pid_t self = ::getpid();
        struct sigaction handled{};
        handled.sa_handler = &do_nothing;
        handled.sa_flags = SA_RESTART;
        ::sigaction(SIGUSR1, &handled, nullptr);
        const pid_t storm = ::fork();
        if (storm == 0) {
            ::signal(SIGUSR1, SIG_IGN);
            while (::getppid() == self) ::kill(0, SIGUSR1);
            ::_exit(0);
        }
        int wrong = 0;
        for (int i = 0; i < 50; ++i) {
            const arguments argv = {"/bin/true"};
            try {
                const auto report = reap(spawn_process({.argv = argv.get()}).pidfd);
                if (report.exited ? report.code != 0 : report.signal != SIGUSR1) ++wrong;
            } catch (const twill::io_error&) {
                ++wrong;
            }
        }
        ::kill(storm, SIGKILL);
        ::waitpid(storm, nullptr, 0);
        return wrong == 0 && ::waitpid(-1, nullptr, WNOHANG | __WALL) == -1;
    }));
}

TEST(spawn_process, child_leads_or_joins_a_process_group) {
    pipe_ends in;
    const arguments argv = {"cat"};
    const auto stream = child_stream::use(in.read.get());
    const auto leader = spawn_process({.argv = argv.get(), .in = stream, .group = 0});
    const auto member = spawn_process({.argv = argv.get(), .in = stream, .group = leader.pid});
    const auto stranger = spawn_process({.argv = argv.get(), .in = stream});
    EXPECT_EQ(::getpgid(leader.pid), leader.pid);
    EXPECT_EQ(::getpgid(member.pid), leader.pid);
    EXPECT_EQ(::getpgid(stranger.pid), ::getpgrp());
    in.write.reset();
    for (const auto* each : {&leader, &member, &stranger}) reap(each->pidfd);
}

TEST(spawn_process, signal_to_the_group_reaches_grandchildren) {
    pipe_ends out;
    const arguments argv = {"sh", "-c", "sleep 1000 & echo started; wait"};
    const auto child =
        spawn_process({.argv = argv.get(), .out = child_stream::use(out.write.get()), .group = 0});
    char byte = 0;
    ASSERT_EQ(::read(out.read.get(), &byte, 1), 1);
    EXPECT_EQ(signal_group(child.pid, SIGKILL), 0);
    EXPECT_EQ(reap(child.pidfd).signal, SIGKILL);
    out.drain();  // ends only when the grandchild, too, has let go of the pipe
    EXPECT_EQ(signal_process(child.pidfd, SIGKILL), ESRCH);
    EXPECT_EQ(signal_group(0, SIGKILL), EINVAL);
    EXPECT_EQ(signal_group(1, SIGKILL), EINVAL);
}

TEST(spawn_process, ignored_sigchld_is_a_clear_error_at_reap) {
    EXPECT_TRUE(in_another_process([] {
        ::signal(SIGCHLD, SIG_IGN);
        const arguments argv = {"true"};
        try {
            reap(spawn_process({.argv = argv.get()}).pidfd);
        } catch (const twill::io_error& e) {
            return e.code() == std::errc::no_child_process;
        }
        return false;
    }));
}

TEST(spawn_process, threads_spawn_side_by_side) {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([t] {
            const std::string word = std::to_string(t);
            for (int i = 0; i < 10; ++i) EXPECT_EQ(output_of({"echo", word.c_str()}), word + "\n");
        });
    for (auto& each : threads) each.join();
}

}  // namespace
