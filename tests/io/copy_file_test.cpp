#include <twill/io/copy_file.hpp>

#include <twill/core/timeout.hpp>
#include <twill/io/tcp.hpp>
#include <twill/io/unix_socket.hpp>

#include "fixtures.hpp"
#include "streams.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/denied_call.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <chrono>
#include <csignal>
#include <initializer_list>
#include <string>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::copy_file;
using twill::file;
using twill::read_file;
using twill::send_file;
using twill::task;

TEST(CopyFile, CopiesContentAndPermissions) {
    const temporary_directory there;
    const std::string text = pattern(9'000'000);
    const std::string from = there.file("a", text, 0640);
    in_runtime([&]() -> task<> {
        std::uint64_t progress = 0;
        EXPECT_EQ(co_await copy_file(from, there.path() + "/b", {.progress = &progress}),
                  text.size());
        EXPECT_EQ(progress, text.size());
        EXPECT_TRUE(co_await read_file(there.path() + "/b") == text);
        EXPECT_EQ((co_await twill::status_of(there.path() + "/b")).permissions, 0640U);
        EXPECT_EQ(co_await copy_file(there.file("empty", "", 0600), there.path() + "/b"), 0U);
        EXPECT_EQ(co_await read_file(there.path() + "/b"), "");
    });
}

TEST(CopyFile, CopiesWhereTheKernelDoesNot) {
    const temporary_directory there;
    const std::string text = pattern(700'000);
    const std::string from = there.file("a", text, 0600);
    in_own_thread([&] {
        if (!deny_call(SYS_copy_file_range, ENOSYS)) GTEST_SKIP() << "no seccomp filters";
        in_runtime([&]() -> task<> {
            EXPECT_EQ(co_await copy_file(from, there.path() + "/b"), text.size());
            EXPECT_TRUE(co_await read_file(there.path() + "/b") == text);
        });
    });
    in_runtime([&]() -> task<> {
        EXPECT_GT(co_await copy_file("/proc/self/maps", there.path() + "/maps"), 1000U)
            << "a file of /proc claims to be empty";
    });
}

TEST(CopyFile, WhatFailsLeavesTheOldOne) {
    const temporary_directory there;
    const std::string to = there.file("b", "old", 0600);
    in_runtime([&]() -> task<> {
        EXPECT_EQ(co_await error_of(copy_file(there.path() + "/a", to)),
                  std::errc::no_such_file_or_directory);
        EXPECT_EQ(co_await error_of(copy_file(there.path(), to)), std::errc::is_a_directory);
        EXPECT_EQ(co_await read_file(to), "old");
    });
}

TEST(CopyFile, OldOrNewIsThereWhereverItIsCancelled) {
    const temporary_directory there;
    const std::string text = pattern(9'000'000);
    const std::string from = there.file("a", text, 0600);
    const std::string to = there.file("b", "old", 0600);
    const std::size_t before = [] {
        in_runtime([]() -> task<> { co_return; });
        return open_descriptors();
    }();
    const unsigned suspensions = cancel_everywhere([&]() -> task<> {
        std::ifstream in(to);
        const std::string now(std::istreambuf_iterator<char>(in), {});
        EXPECT_TRUE(now == "old" || now == text);
        co_await copy_file(from, to);
    });
    EXPECT_EQ(suspensions, 3U) << "two steps of 4 MiB, and what is left";
    EXPECT_EQ(open_descriptors(), before);
    EXPECT_EQ(std::distance(fs::directory_iterator(there.path()), {}), 2);
}

TEST(CopyFile, SmallOneGoesToThePoolOnce) {
    const temporary_directory there;
    const std::string from = there.file("a", pattern(30'000), 0600);
    EXPECT_EQ(cancel_everywhere([&]() -> task<> { co_await copy_file(from, there.path() + "/b"); }),
              1U);
}

TEST(CopyFile, FileThatGrowsTooLargeLeavesTheOldOne) {
    const temporary_directory there;
    const std::string from = there.file("a", pattern(20'000), 0600);
    const std::string large = there.file("large", pattern(200'000), 0600);
    const std::string to = there.file("b", "old", 0600);
    EXPECT_TRUE(in_another_process([&] {
        ::signal(SIGXFSZ, SIG_IGN);
        const rlimit small{10'000, 10'000};
        ::setrlimit(RLIMIT_FSIZE, &small);
        return in_runtime([&]() -> task<bool> {
            for (const std::string& each : {from, large})
                if (co_await error_of(copy_file(each, to)) != std::errc::file_too_large)
                    co_return false;
            co_return co_await read_file(to) == "old" &&
                std::distance(fs::directory_iterator(there.path()), {}) == 3;
        });
    }));
}

TEST(SendFile, SendsAPartOfAFile) {
    const temporary_directory there;
    const std::string text = pattern(9'000'000);
    const std::string path = there.file("a", text, 0600);
    in_runtime([&]() -> task<> {
        const auto from = co_await file::open(path);
        auto ends = co_await connected();
        auto send = [&]() -> task<> {
            std::uint64_t progress = 0;
            EXPECT_EQ(co_await send_file(ends.server, from, 1000, 8'500'000, &progress),
                      8'500'000U);
            EXPECT_EQ(progress, 8'500'000U);
            EXPECT_EQ(co_await send_file(ends.server, from, 8'999'990, 100), 10U)
                << "the file ends";
            EXPECT_EQ(co_await send_file(ends.server, from, 9'999'999, 100), 0U);
            ends.server.shutdown_write();
        };
        auto [unused, came] = co_await twill::when_all(send(), read_to_end(ends.client));
        EXPECT_TRUE(came == text.substr(1000, 8'500'000) + text.substr(8'999'990));
    });
}

TEST(SendFile, ReaderThatIsGoneIsAnErrorAndNoSignal) {
    const temporary_directory there;
    const std::string path = there.file("a", pattern(100), 0600);
    in_runtime([&]() -> task<> {
        const auto from = co_await file::open(path);
        auto ends = twill::unix_pair();
        ends.second.close();
        EXPECT_EQ(co_await error_of(send_file(ends.first, from, 0, 100)), std::errc::broken_pipe);
    });
}

TEST(SendFile, CancelledOneTellsHowMuchWentOut) {
    const temporary_directory there;
    const std::string text = pattern(9'000'000);
    const std::string path = there.file("a", text, 0600);
    in_runtime([&]() -> task<> {
        const auto from = co_await file::open(path);
        auto ends = twill::unix_pair();
        std::uint64_t progress = 0;
        EXPECT_TRUE(co_await throws<twill::timed_out>(
            twill::with_timeout(20ms, send_file(ends.first, from, 0, text.size(), &progress))));
        EXPECT_LT(progress, text.size());
        ends.first.close();
        EXPECT_TRUE(co_await read_to_end(ends.second) == text.substr(0, progress));
    });
}

}  // namespace
