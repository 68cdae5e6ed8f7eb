#include <twill/io/pipe.hpp>

#include <twill/core/timeout.hpp>

#include "streams.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::make_pipe;
using twill::task;

TEST(Pipe, CarriesMoreThanItHolds) {
    in_runtime([]() -> task<> {
        auto ends = make_pipe();
        const std::string sent = pattern(3'000'001);
        std::string came;
        auto write = [&]() -> task<> {
            co_await ends.writer.write_all(sent);
            ends.writer.close();
        };
        auto read = [&]() -> task<> { came = co_await read_to_end(ends.reader); };
        co_await twill::when_all(write(), read());
        EXPECT_TRUE(came == sent);
    });
}

TEST(Pipe, IsNonBlockingAndClosedOnExec) {
    const auto ends = make_pipe();
    for (const int fd : {ends.reader.native_handle(), ends.writer.native_handle()}) {
        EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
        EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    }
}

TEST(Pipe, WaitingReaderSeesTheWriterGo) {
    in_runtime([]() -> task<> {
        auto ends = make_pipe();
        auto close = [&]() -> task<> {
            co_await twill::sleep(1ms);
            ends.writer.close();
        };
        auto read = [&]() -> task<> { EXPECT_EQ(co_await read_to_end(ends.reader), ""); };
        co_await twill::when_all(read(), close());
    });
}

TEST(Pipe, WritingWithoutReaderIsAnErrorAndNoSignal) {
    in_runtime([]() -> task<> {
        auto ends = make_pipe();
        ends.reader.close();
        // SIGPIPE has its default disposition here: it would end the test.
        EXPECT_EQ(co_await error_of(ends.writer.write_all("anybody?")), std::errc::broken_pipe);
        sigset_t pending;
        ::sigpending(&pending);
        EXPECT_EQ(sigismember(&pending, SIGPIPE), 0) << "and none is left for later";
    });
}

TEST(Pipe, SignalOfTheProgramsOwnIsLeftToIt) {
    sigset_t pipe_signal;
    sigset_t before;
    ::sigemptyset(&pipe_signal);
    ::sigaddset(&pipe_signal, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    ::raise(SIGPIPE);
    in_runtime([]() -> task<> {
        auto ends = make_pipe();
        ends.reader.close();
        EXPECT_EQ(co_await error_of(ends.writer.write_all("?")), std::errc::broken_pipe);
    });
    const timespec at_once{};
    EXPECT_EQ(::sigtimedwait(&pipe_signal, nullptr, &at_once), SIGPIPE);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST(Pipe, BlockedWriterLearnsThatTheReaderIsGone) {
    in_runtime([]() -> task<> {
        auto ends = make_pipe();
        const std::string much(1 << 20, 'x');
        std::size_t progress = 0;
        auto write = [&]() -> task<> {
            EXPECT_EQ(co_await error_of(ends.writer.write_all(much, &progress)),
                      std::errc::broken_pipe);
        };
        auto close = [&]() -> task<> {
            co_await twill::sleep(1ms);
            ends.reader.close();
        };
        co_await twill::when_all(write(), close());
        EXPECT_GE(progress, 4096U);
        EXPECT_LT(progress, much.size());
    });
}

TEST(Pipe, CancelledWriteReportsHowMuchWentIn) {
    in_runtime([]() -> task<> {
        auto ends = make_pipe();
        const std::string much = pattern(1 << 20);
        std::size_t progress = 0;
        EXPECT_TRUE(co_await throws<twill::timed_out>(
            twill::with_timeout(5ms, ends.writer.write_all(much, &progress))));
        ends.writer.close();
        EXPECT_TRUE(co_await read_to_end(ends.reader) == much.substr(0, progress));
    });
}

TEST(Pipe, UsingAClosedOneIsAnError) {
    in_runtime([]() -> task<> {
        auto ends = make_pipe();
        ends.writer.close();
        ends.writer.close();
        EXPECT_EQ(co_await error_of(ends.writer.write_all("x")), std::errc::bad_file_descriptor);
    });
}

TEST(Pipe, NoDescriptorsLeftIsAnError) {
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const rlimit none{0, before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
    EXPECT_THROW(static_cast<void>(make_pipe()), twill::io_error);
    ::setrlimit(RLIMIT_NOFILE, &before);
}

TEST(Pipe, LeavesNothingBehindWhereverItIsCancelled) {
    cancel_everywhere([]() -> task<> {
        auto ends = make_pipe();
        auto read = [&]() -> task<> {
            char two[2];
            co_await ends.reader.read_exactly(std::as_writable_bytes(std::span(two)));
        };
        auto write = [&]() -> task<> {
            co_await ends.writer.write_all("1");
            co_await twill::yield();
            co_await ends.writer.write_some(std::as_bytes(std::span("2", 1)));
        };
        co_await twill::when_all(read(), write());
    });
}

}  // namespace
