#include "runtime/thread_slice.hpp"

#include <twill/io/process.hpp>

#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>

#include "fixtures.hpp"
#include "streams.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::command;
using twill::exit_status;
using twill::process;
using twill::stdio;
using twill::task;

command shell(std::string script) { return {.arguments = {"sh", "-c", std::move(script)}}; }

// Whether this process has neither a child nor a zombie.
bool childless() { return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD; }

// Whether `pid` is gone for good, or a zombie that somebody else has to reap.
bool is_gone(pid_t pid) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(status, text);
    return text.empty() || text.find(") Z ") != std::string::npos;
}

task<> until_gone(pid_t pid) {
    while (!is_gone(pid)) co_await twill::sleep(1ms);
}

// A child that prints "ready" once it is set up.
task<process> started(command what) {
    what.out = stdio::pipe();
    process child = process::start(what);
    char line[6];
    co_await child.out().read_exactly(std::as_writable_bytes(std::span(line)));
    co_return child;
}

TEST(Process, GivesTheExitCode) {
    in_runtime([]() -> task<> {
        for (const int code : {0, 1, 42, 255}) {
            process child = process::start(shell("exit " + std::to_string(code)));
            const exit_status how = co_await child.wait();
            EXPECT_TRUE(how.exited);
            EXPECT_EQ(how.code, code);
            EXPECT_EQ(how.shell_code(), code);
            EXPECT_EQ(how.success(), code == 0);
            EXPECT_EQ(how.to_string(), "exit status " + std::to_string(code));
        }
    });
    EXPECT_TRUE(childless());
}

TEST(Process, TellsTheSignalThatKilledIt) {
    in_runtime([]() -> task<> {
        process child = process::start(shell("kill -TERM $$"));
        const exit_status how = co_await child.wait();
        EXPECT_FALSE(how.exited);
        EXPECT_FALSE(how.success());
        EXPECT_EQ(how.signal, SIGTERM);
        EXPECT_EQ(how.shell_code(), 128 + SIGTERM);
        EXPECT_EQ(how.to_string(), "killed by SIGTERM");
        EXPECT_EQ((exit_status{.signal = SIGSEGV, .core_dumped = true}.to_string()),
                  "killed by SIGSEGV (core dumped)");
        EXPECT_EQ((exit_status{.signal = SIGRTMIN + 1}.to_string()),
                  "killed by signal " + std::to_string(SIGRTMIN + 1));
    });
}

TEST(Process, TellsWhatItUsed) {
    in_runtime([]() -> task<> {
        process child = process::start(shell("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"));
        const exit_status how = co_await child.wait();
        EXPECT_GT(how.user + how.system, 1ms);
        EXPECT_GT(how.max_resident, 100'000U);
    });
}

TEST(Process, WaitedForTwiceGivesTheSame) {
    in_runtime([]() -> task<> {
        process child = process::start(shell("exit 3"));
        EXPECT_FALSE(child.status());
        EXPECT_EQ((co_await child.wait()).code, 3);
        EXPECT_EQ((co_await child.wait()).code, 3);
        EXPECT_EQ(child.status()->code, 3);
        co_await child.ended();
        EXPECT_FALSE(child.signal(SIGTERM)) << "there is nobody to signal any more";
    });
}

TEST(Process, WaitIsCancelledAndTheChildGoesOn) {
    in_runtime([]() -> task<> {
        command what = shell("read line; exit 5");
        what.in = stdio::pipe();
        process child = process::start(what);
        for (int i = 0; i < 3; ++i)
            EXPECT_TRUE(co_await throws<twill::timed_out>(twill::with_timeout(1ms, child.wait())));
        child.in().close();
        EXPECT_EQ((co_await child.wait()).code, 5);
    });
}

TEST(Process, EndedOneIsKeptUntilItIsWaitedFor) {
    in_runtime([]() -> task<> {
        process child = process::start(shell("exit 4"));
        co_await child.ended();
        co_await child.ended();
        EXPECT_EQ(::kill(child.pid(), 0), 0) << "the zombie is still there";
        EXPECT_TRUE(child.signal(SIGTERM));
        EXPECT_EQ((co_await child.wait()).code, 4);
        EXPECT_EQ(::kill(child.pid(), 0), -1);
    });
}

TEST(Process, SpeaksOverItsPipes) {
    in_runtime([]() -> task<> {
        process child = process::start({.arguments = {"sort", "-n"},
                                        .in = stdio::pipe(),
                                        .out = stdio::pipe(),
                                        .err = stdio::null()});
        co_await child.in().write_all("10\n9\n1\n");
        child.in().close();
        EXPECT_EQ(co_await read_to_end(child.out()), "1\n9\n10\n");
        EXPECT_TRUE((co_await child.wait()).success());
        EXPECT_THROW(static_cast<void>(child.err()), twill::usage_error) << "it was not asked for";
    });
}

TEST(Process, PipesOfTheChildBlockAsProgramsExpect) {
    in_runtime([]() -> task<> {
        // cat would fail with "Resource temporarily unavailable".
        process child =
            process::start({.arguments = {"cat"}, .in = stdio::pipe(), .out = stdio::pipe()});
        const std::string sent = pattern(1 << 20);
        std::string came;
        auto write = [&]() -> task<> {
            co_await twill::sleep(5ms);
            co_await child.in().write_all(sent);
            child.in().close();
        };
        auto read = [&]() -> task<> { came = co_await read_to_end(child.out()); };
        co_await twill::when_all(write(), read());
        EXPECT_TRUE(came == sent);
        EXPECT_TRUE((co_await child.wait()).success());
    });
}

TEST(Process, GoneReaderIsAnErrorAndNoSignal) {
    in_runtime([]() -> task<> {
        process child = process::start({.arguments = {"true"}, .in = stdio::pipe()});
        co_await child.ended();
        EXPECT_EQ(co_await error_of(child.in().write_all("anybody?")), std::errc::broken_pipe);
        EXPECT_TRUE((co_await child.wait()).success());
    });
}

TEST(Process, TakesDescriptorsOfThisProgram) {
    const temporary_directory there;
    const std::string path = there.file("log", "", 0600);
    in_runtime([&]() -> task<> {
        const twill::detail::descriptor log(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
        command what = shell("echo out; echo err >&2");
        what.out = what.err = stdio::use(log.get());
        process child = process::start(what);
        EXPECT_TRUE((co_await child.wait()).success());
    });
    std::ifstream log(path);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(log), {}), "out\nerr\n");
}

TEST(Process, StartsInItsDirectoryWithItsEnvironment) {
    in_runtime([]() -> task<> {
        command what = shell("pwd; echo $TWILL_TEST ${PATH:+path}");
        what.directory = "/usr";
        what.environment = {"TWILL_TEST=set"};
        what.out = stdio::pipe();
        process child = process::start(what);
        EXPECT_EQ(co_await read_to_end(child.out()), "/usr\nset path\n");

        command alone = {.arguments = {"env"}};
        alone.environment = {"B=2", "A="};
        alone.inherit_environment = false;
        alone.out = stdio::pipe();
        child = process::start(alone);
        EXPECT_EQ(co_await read_to_end(child.out()), "B=2\nA=\n");
        EXPECT_TRUE((co_await child.wait()).success());
    });
    EXPECT_TRUE(childless()) << "the child that was assigned over was reaped";
}

TEST(Process, PassesAnyBytes) {
    in_runtime([]() -> task<> {
        const std::string odd = "\xff\xfe \n\t'\"\\$(x)\x80";
        process child = process::start({.arguments = {"printf", "%s", odd}, .out = stdio::pipe()});
        EXPECT_EQ(co_await read_to_end(child.out()), odd);
        EXPECT_THROW(
            static_cast<void>(process::start({.arguments = {"echo", std::string("a\0b", 3)}})),
            twill::usage_error);
    });
}

TEST(Process, ProgramThatIsNotThereIsNamed) {
    const temporary_directory there;
    const std::string plain = there.file("plain", "text", 0644);
    try {
        static_cast<void>(process::start({.arguments = {"no-such-program"}}));
        ADD_FAILURE() << "started what does not exist";
    } catch (const twill::io_error& failure) {
        EXPECT_EQ(failure.code(), std::errc::no_such_file_or_directory);
        EXPECT_EQ(failure.object(), "no-such-program");
    }
    try {
        static_cast<void>(process::start({.arguments = {plain}}));
        ADD_FAILURE() << "started what is not executable";
    } catch (const twill::io_error& failure) {
        EXPECT_EQ(failure.code(), std::errc::permission_denied);
        EXPECT_EQ(failure.object(), plain);
    }
    try {
        static_cast<void>(process::start({.arguments = {"true"}, .directory = "/nowhere"}));
        ADD_FAILURE() << "started in a directory that does not exist";
    } catch (const twill::io_error& failure) {
        EXPECT_EQ(failure.object(), "/nowhere");
    }
    EXPECT_THROW(static_cast<void>(process::start({})), twill::usage_error);
    EXPECT_TRUE(childless());
}

TEST(Process, IsFoundAsAShellWouldFindIt) {
    const temporary_directory there;
    const std::string plain = there.file("plain", "text", 0644);
    EXPECT_TRUE(twill::find_program("sh").path.ends_with("/sh"));
    EXPECT_EQ(twill::find_program("sh").shell_code(), 0);
    EXPECT_EQ(twill::find_program("/bin/sh").path, "/bin/sh");
    for (const char* nothing : {"", "no-such-program", "/nowhere/at/all"}) {
        EXPECT_EQ(twill::find_program(nothing).shell_code(), 127) << nothing;
        EXPECT_EQ(twill::find_program(nothing).path, "") << nothing;
    }
    EXPECT_EQ(twill::find_program(plain).shell_code(), 126);
    EXPECT_EQ(twill::find_program("/usr/").shell_code(), 126) << "a directory";
}

TEST(Process, LocatedProgramMayHaveAnotherNameForItself) {
    in_runtime([]() -> task<> {
        command what = shell("echo $0");
        what.program = twill::find_program("sh").path;
        what.arguments = {"other", "-c", "echo $0"};
        what.out = stdio::pipe();
        process child = process::start(what);
        EXPECT_EQ(co_await read_to_end(child.out()), "other\n");
    });
}

TEST(Process, SignalReachesTheChildOrItsWholeGroup) {
    in_runtime([]() -> task<> {
        process one =
            co_await started(shell("trap 'exit 9' USR1; echo ready; while :; do :; done"));
        EXPECT_TRUE(one.signal(SIGUSR1));
        EXPECT_EQ((co_await one.wait()).code, 9);
        EXPECT_THROW(one.signal_group(SIGTERM), twill::usage_error);

        command what = shell("sleep 1000 & echo $!; wait");
        what.own_group = true;
        what.out = stdio::pipe();
        process all = process::start(what);
        char text[32] = "";
        co_await all.out().read_some(std::as_writable_bytes(std::span(text)));
        EXPECT_TRUE(all.signal_group(SIGTERM));
        EXPECT_EQ((co_await all.wait()).signal, SIGTERM);
        co_await until_gone(std::atoi(text));
        EXPECT_FALSE(all.signal_group(SIGTERM)) << "the number may be another group's by now";
    });
}

TEST(Process, SignalThatDoesNotExistIsAnError) {
    in_runtime([]() -> task<> {
        process child = process::start(shell("exec sleep 1000"));
        EXPECT_THROW(child.signal(12345), twill::io_error);
        co_return;
    });
}

TEST(Process, ThatNobodyWaitedForIsKilledWithItsGroup) {
    pid_t below = 0;
    in_runtime([&]() -> task<> {
        command what = shell("trap '' TERM; sleep 1000 & echo $!; wait");
        what.own_group = true;
        what.out = stdio::pipe();
        process child = process::start(what);
        char text[32] = "";
        co_await child.out().read_some(std::as_writable_bytes(std::span(text)));
        below = std::atoi(text);
        EXPECT_FALSE(is_gone(below));
    });
    EXPECT_TRUE(childless());
    in_runtime([&]() -> task<> { co_await until_gone(below); });
}

TEST(Process, TerminateIsEnoughForThePolite) {
    in_runtime([]() -> task<> {
        process child =
            co_await started(shell("trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done"));
        EXPECT_EQ((co_await child.terminate(1h)).code, 7);
        EXPECT_EQ((co_await child.terminate()).code, 7) << "again: as it was";
    });
}

TEST(Process, TerminateKillsWhatIgnoresIt) {
    in_runtime([]() -> task<> {
        command what = shell("trap '' TERM; echo ready; while :; do sleep 0.01; done");
        what.own_group = true;
        process child = co_await started(what);
        EXPECT_EQ((co_await child.terminate(10ms)).signal, SIGKILL);
    });
    EXPECT_TRUE(childless());
}

TEST(Process, TerminateWakesAStoppedChild) {
    in_runtime([]() -> task<> {
        process child = process::start(shell("kill -STOP $$"));
        EXPECT_EQ((co_await child.terminate(1h)).signal, SIGTERM);
    });
}

TEST(Process, ReapedBySomethingElseIsAnError) {
    in_runtime([]() -> task<> {
        process child = process::start(shell("exit 1"));
        ::waitpid(child.pid(), nullptr, 0);
        EXPECT_EQ(co_await error_of(child.wait()), std::errc::no_child_process);
        EXPECT_EQ(co_await error_of(child.wait()), std::errc::no_child_process);
        EXPECT_FALSE(child.signal(SIGTERM));
    });
}

TEST(Process, ThousandsLeaveNoDescriptorAndNoZombie) {
    constexpr int count = 2000;
    in_runtime([]() -> task<> {
        command what = {.arguments = {"true"}};
        what.program = twill::find_program("true").path;
        what.in = what.out = what.err = stdio::pipe();
        what.own_group = true;
        std::size_t before = 0;
        for (int i = 0; i < count; i += 8) {
            std::vector<process> few;
            for (int k = 0; k < 8; ++k) few.push_back(process::start(what));
            for (process& each : few) {
                if (each.pid() % 3 == 0) continue;  // left to the destructor
                EXPECT_TRUE((co_await each.wait()).success());
            }
            few.clear();
            if (i == 0) before = open_descriptors();
        }
        EXPECT_EQ(open_descriptors(), before);
    });
    EXPECT_TRUE(childless());
}

TEST(Process, ManyRunSideBySideOnOneThread) {
    in_runtime([]() -> task<> {
        twill::atomic<int> ended{0};
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            for (int i = 0; i < 64; ++i)
                s.spawn([&ended, i]() -> task<> {
                    process child = process::start(shell("exit " + std::to_string(i)));
                    EXPECT_EQ((co_await child.wait()).code, i);
                    ended.fetch_add(1);
                });
            co_return;
        });
        EXPECT_EQ(ended.load(), 64);
    });
}

TEST(Process, LeavesNothingBehindWhereverItIsCancelled) {
    const std::size_t before = open_descriptors();
    cancel_everywhere([]() -> task<> {
        process child = process::start(
            {.arguments = {"cat"}, .in = stdio::pipe(), .out = stdio::pipe(), .own_group = true});
        co_await child.in().write_all("x");
        char byte = 0;
        co_await child.out().read_exactly(std::as_writable_bytes(std::span(&byte, 1)));
        child.in().close();
        co_await child.wait();
    });
    EXPECT_TRUE(childless());
    EXPECT_EQ(open_descriptors(), before);
}

// Event threads have short time slices, which a child would inherit.
TEST(Process, HasTheSliceThatItsParentHasOutsideOfTheRuntime) {
    const auto usual = twill::detail::slice_of(0);
    twill::run([usual]() -> task<> {
        const auto here = twill::detail::slice_of(0);
        process child = process::start({.arguments = {"sleep", "60"}});
        EXPECT_EQ(twill::detail::slice_of(child.pid()), usual);
        EXPECT_EQ(twill::detail::slice_of(0), here) << "the event thread keeps its own";
        co_return;
    });
}

}  // namespace
