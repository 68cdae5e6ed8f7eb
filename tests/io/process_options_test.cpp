// What a child may use, where its streams go together, and with whom it is signalled.
#include <twill/io/process.hpp>

#include "streams.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <utility>

namespace {

using namespace twill_test;
using twill::command;
using twill::process;
using twill::run_process;
using twill::stdio;
using twill::task;

command shell(std::string script) { return {.arguments = {"sh", "-c", std::move(script)}}; }

TEST(ProcessOptions, LimitsHoldForTheChild) {
    in_runtime([]() -> task<> {
        command what = shell("ulimit -n; ulimit -f; ulimit -c");
        what.limits = {
            {RLIMIT_NOFILE, 17}, {RLIMIT_FSIZE, 512 * 1024, RLIM_INFINITY}, {RLIMIT_CORE, 0}};
        const auto made = co_await run_process(what);
        EXPECT_EQ(made.out, "17\n1024\n0\n") << "of files in blocks of 512 bytes";
    });
    rlimit own{};
    ::getrlimit(RLIMIT_NOFILE, &own);
    EXPECT_NE(own.rlim_cur, 17U) << "and for nobody else";
}

TEST(ProcessOptions, ChildBeyondItsLimitOfTimeIsKilled) {
    in_runtime([]() -> task<> {
        command what = shell("while :; do :; done");
        what.limits = {{RLIMIT_CPU, 1}};
        process child = process::start(what);
        const auto how = co_await child.wait();
        EXPECT_FALSE(how.exited);
        EXPECT_TRUE(how.signal == SIGKILL || how.signal == SIGXCPU) << how.to_string();
    });
}

TEST(ProcessOptions, LimitThatIsNotAllowedIsAnError) {
    command what = shell("true");
    what.limits = {{RLIMIT_CORE, 2, 1}};
    try {
        static_cast<void>(process::start(what));
        ADD_FAILURE() << "more than the most";
    } catch (const twill::io_error& failure) {
        EXPECT_EQ(failure.code(), std::errc::invalid_argument);
        EXPECT_EQ(failure.operation(), "set the resource limits of");
    }
}

TEST(ProcessOptions, BothStreamsComeInOneInTheirOrder) {
    in_runtime([]() -> task<> {
        command what = shell("echo 1; echo 2 >&2; echo 3");
        what.err = stdio::as_out();
        const auto made = co_await run_process(what);
        EXPECT_EQ(made.out, "1\n2\n3\n");
        EXPECT_EQ(made.err, "");
        // Also where out is a descriptor, and where it is nothing.
        auto ends = twill::make_pipe();
        what.out = stdio::use(ends.writer.native_handle());
        process child = process::start(what);
        ends.writer.close();
        EXPECT_EQ(co_await read_to_end(ends.reader), "1\n2\n3\n");
        EXPECT_TRUE((co_await child.wait()).success());
        what.out = stdio::null();
        EXPECT_EQ((co_await run_process(what)).out, "");
    });
    command wrong = shell("true");
    wrong.out = stdio::as_out();
    EXPECT_THROW(static_cast<void>(process::start(wrong)), twill::usage_error);
}

TEST(ProcessOptions, JoinedGroupIsSignalledAsOne) {
    in_runtime([]() -> task<> {
        process leader = process::start({.arguments = {"sleep", "60"}, .own_group = true});
        process member = process::start({.arguments = {"sleep", "60"}, .join_group = leader.pid()});
        EXPECT_EQ(::getpgid(member.pid()), leader.pid());
        EXPECT_TRUE(leader.signal_group(SIGTERM));
        EXPECT_EQ((co_await leader.wait()).signal, SIGTERM);
        EXPECT_EQ((co_await member.wait()).signal, SIGTERM);
    });
    EXPECT_THROW(static_cast<void>(
                     process::start({.arguments = {"true"}, .own_group = true, .join_group = 1})),
                 twill::usage_error);
}

TEST(ProcessOptions, PagesThatItTouchedAreCounted) {
    in_runtime([]() -> task<> {
        process child = process::start({.arguments = {"true"}});
        const auto how = co_await child.wait();
        EXPECT_GT(how.minor_faults, 10U);
    });
}

}  // namespace
