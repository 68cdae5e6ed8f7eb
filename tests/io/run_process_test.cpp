#include <twill/core/scope.hpp>
#include <twill/core/timeout.hpp>
#include <twill/io/process.hpp>

#include "fixtures.hpp"
#include "streams.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <csignal>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::command;
using twill::run_process;
using twill::stdio;
using twill::task;

template <class... Words>
command of(Words... words) {
    return {.arguments = {std::string(words)...}};
}
command shell(const std::string& script) { return of("sh", "-c", script); }

bool childless() { return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD; }

TEST(RunProcess, GivesStatusAndBothStreams) {
    in_runtime([]() -> task<> {
        const auto made = co_await run_process(shell("echo out; echo err >&2; exit 2"));
        EXPECT_EQ(made.status.code, 2);
        EXPECT_EQ(made.out, "out\n");
        EXPECT_EQ(made.err, "err\n");
    });
    EXPECT_TRUE(childless());
}

TEST(RunProcess, FloodsOnAllStreamsDoNotDeadlock) {
    in_runtime([]() -> task<> {
        const std::string much = pattern(10 << 20);
        const auto made = co_await run_process(
            shell("head -c 10485760 /dev/zero | tr '\\0' e >&2; cat"), {.input = much});
        EXPECT_TRUE(made.status.success());
        EXPECT_TRUE(made.out == much);
        EXPECT_TRUE(made.err == std::string(10 << 20, 'e'));
    });
}

TEST(RunProcess, InputThatIsNotReadIsNoError) {
    in_runtime([]() -> task<> {
        const auto made =
            co_await run_process(shell("echo done"), {.input = std::string(1 << 20, 'x')});
        EXPECT_TRUE(made.status.success());
        EXPECT_EQ(made.out, "done\n");
    });
}

TEST(RunProcess, InputEndsAlsoWhenThereIsNone) {
    in_runtime([]() -> task<> {
        const auto made = co_await run_process(of("wc", "-c"));
        EXPECT_EQ(std::stoi(made.out), 0);
    });
}

TEST(RunProcess, StreamsSentElsewhereAreLeftThere) {
    in_runtime([]() -> task<> {
        command what = shell("echo out; echo err >&2");
        what.err = stdio::null();
        const auto made = co_await run_process(what);
        EXPECT_EQ(made.out, "out\n");
        EXPECT_EQ(made.err, "");
    });
}

TEST(RunProcess, FeedsAChildThatHasClosedItsOutput) {
    const temporary_directory there;
    in_runtime([&]() -> task<> {
        const auto path = there.path() + "/copy";
        co_await run_process(shell("exec >&- 2>&-; cat > " + path),
                             {.input = std::string(1 << 20, 'x')});
        EXPECT_EQ(std::filesystem::file_size(path), std::size_t{1} << 20U);
    });
}

TEST(RunProcess, OutputUpToTheLimitIsKept) {
    in_runtime([]() -> task<> {
        const auto made = co_await run_process(shell("printf 12345"), {.max_output = 5});
        EXPECT_EQ(made.out, "12345");
        EXPECT_EQ((co_await run_process(of("true"), {.max_output = 0})).out, "");
    });
}

TEST(RunProcess, EndlessOutputIsStopped) {
    in_runtime([]() -> task<> {
        EXPECT_EQ(co_await error_of(run_process(of("yes"), {.max_output = 100'000})),
                  std::errc::file_too_large);
    });
    EXPECT_TRUE(childless());
}

TEST(RunProcess, ProgramThatIsNotThereIsAnError) {
    in_runtime([]() -> task<> {
        EXPECT_EQ(co_await error_of(run_process(of("no-such-program"))),
                  std::errc::no_such_file_or_directory);
    });
}

TEST(RunProcess, TimeLimitStopsTheChildFirst) {
    in_runtime([]() -> task<> {
        EXPECT_TRUE(co_await throws<twill::timed_out>(
            twill::with_timeout(20ms, run_process(shell("exec sleep 1000")))));
        EXPECT_TRUE(childless());
    });
}

TEST(RunProcess, ChildThatIgnoresTheRequestIsKilledWithItsGroup) {
    in_runtime([]() -> task<> {
        command what = shell("trap '' TERM; sleep 1000; sleep 1000");
        what.own_group = true;
        EXPECT_TRUE(co_await throws<twill::timed_out>(
            twill::with_timeout(100ms, run_process(what, {.grace = 10ms}))));
        EXPECT_TRUE(childless());
    });
}

TEST(RunProcess, IsNotStartedInACancelledTask) {
    const temporary_directory there;
    in_runtime([&]() -> task<> {
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.cancel();
            co_await run_process(shell("touch " + there.path() + "/started"));
        });
    });
    EXPECT_FALSE(std::filesystem::exists(there.path() + "/started"));
}

TEST(RunProcess, LeavesNothingBehindWhereverItIsCancelled) {
    const std::size_t before = open_descriptors();
    cancel_everywhere([]() -> task<> { co_await run_process(of("cat"), {.input = "text"}); });
    EXPECT_TRUE(childless());
    EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
