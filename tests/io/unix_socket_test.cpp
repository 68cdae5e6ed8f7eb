#include <twill/io/unix_socket.hpp>

#include <twill/core/scope.hpp>
#include <twill/core/timeout.hpp>

#include "fixtures.hpp"
#include "streams.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/forked.hpp"
#include "support/tasks.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::task;
using twill::unix_address;
using twill::unix_listener;
using twill::unix_stream;

task<> converse(unix_listener& door, const unix_address& there) {
    auto [client, server] = co_await twill::when_all(twill::connect(there), door.accept());
    co_await client.write_all("question");
    client.shutdown_write();
    EXPECT_EQ(co_await read_to_end(server), "question");
    co_await server.write_all("answer");
    server.close();
    EXPECT_EQ(co_await read_to_end(client), "answer");
}

TEST(UnixSocket, ConversesOverAFile) {
    const temporary_directory folder;
    in_runtime([&]() -> task<> {
        const auto here = unix_address::path(folder.path() + "/door");
        unix_listener door(here);
        EXPECT_EQ(door.local().to_string(), folder.path() + "/door");
        co_await converse(door, here);
    });
}

TEST(UnixSocket, ConversesOverAName) {
    in_runtime([]() -> task<> {
        // Any bytes, also 0.
        const auto here =
            unix_address::abstract(std::string("twill\0", 6) + std::to_string(::getpid()));
        unix_listener door(here);
        EXPECT_TRUE(door.local().to_string().starts_with("@twill"));
        co_await converse(door, here);
        door.close();
        EXPECT_EQ(co_await error_of(twill::connect(here)), std::errc::connection_refused);
    });
}

TEST(UnixSocket, LongNamesFitExactly) {
    const std::string longest(107, 'x');
    EXPECT_EQ(unix_address::path(longest).to_string(), longest);
    EXPECT_EQ(unix_address::abstract(longest).to_string(), "@" + longest);
    EXPECT_THROW(static_cast<void>(unix_address::path(longest + "x")), twill::io_error);
    EXPECT_THROW(static_cast<void>(unix_address::abstract(longest + "x")), twill::io_error);
    EXPECT_THROW(static_cast<void>(unix_address::path("")), twill::usage_error);
    EXPECT_THROW(static_cast<void>(unix_address::path(std::string("a\0b", 3))), twill::usage_error);
}

TEST(UnixSocket, EndsOfAPairTalk) {
    in_runtime([]() -> task<> {
        auto ends = twill::unix_pair();
        const std::string sent = pattern(1'000'000);
        auto write = [&]() -> task<> {
            co_await ends.first.write_all(sent);
            ends.first.close();
        };
        auto [unused, came] = co_await twill::when_all(write(), read_to_end(ends.second));
        EXPECT_TRUE(came == sent);
        EXPECT_NE(::fcntl(ends.second.native_handle(), F_GETFD) & FD_CLOEXEC, 0);
    });
}

TEST(UnixSocket, TellsWhoIsAtTheOtherEnd) {
    const temporary_directory folder;
    in_runtime([&]() -> task<> {
        const auto here = unix_address::path(folder.path() + "/door");
        unix_listener door(here);
        const forked client;
        if (client.in_child()) {
            const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
            char end = 0;
            // Lives until the server has looked.
            ::_exit(::connect(fd, here.address(), here.size()) == 0 && ::read(fd, &end, 1) == 0
                        ? 0
                        : 1);
        }
        auto peer = co_await door.accept();
        const auto who = peer.peer();
        EXPECT_GT(who.process, 0);
        EXPECT_NE(who.process, ::getpid());
        EXPECT_EQ(who.user, ::getuid());
        EXPECT_EQ(who.group, ::getgid());
        peer.close();
        EXPECT_EQ(client.wait().exit_status(), 0);
    });
}

TEST(UnixSocket, FileGoesWithItsListenerAndHasItsPermissions) {
    const temporary_directory folder;
    const std::string path = folder.path() + "/door";
    unix_listener door(unix_address::path(path), {.mode = 0600});
    struct stat about{};
    ASSERT_EQ(::stat(path.c_str(), &about), 0);
    EXPECT_TRUE(S_ISSOCK(about.st_mode));
    EXPECT_EQ(about.st_mode & 0777U, 0600U);
    unix_listener moved = std::move(door);
    EXPECT_EQ(::stat(path.c_str(), &about), 0);
    moved.close();
    EXPECT_NE(::stat(path.c_str(), &about), 0);
}

TEST(UnixSocket, AnothersFileInItsPlaceStays) {
    const temporary_directory folder;
    const std::string path = folder.path() + "/door";
    unix_listener first(unix_address::path(path));
    ::unlink(path.c_str());
    unix_listener second(unix_address::path(path));
    first.close();
    struct stat about{};
    EXPECT_EQ(::stat(path.c_str(), &about), 0);
}

// What a program that was killed leaves.
void leave_stale(const std::string& path) {
    const auto here = unix_address::path(path);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    ASSERT_EQ(::bind(fd, here.address(), here.size()), 0);
    ::listen(fd, 1);
    ::close(fd);
}

TEST(UnixSocket, StaleFileIsReplacedAndALivingOneIsNot) {
    const temporary_directory folder;
    const auto here = unix_address::path(folder.path() + "/door");
    leave_stale(here.to_string());
    EXPECT_THROW(unix_listener(here, {.replace_stale = false}), twill::io_error);
    in_runtime([&]() -> task<> {
        unix_listener door(here);
        try {
            unix_listener second(here);
            ADD_FAILURE() << "two listeners at one file";
        } catch (const twill::io_error& failure) {
            EXPECT_EQ(failure.code(), std::errc::address_in_use);
        }
        // The question whether it lives was a connection, too.
        static_cast<void>(co_await door.accept());
        co_await converse(door, here);
    });
}

TEST(UnixSocket, FileThatIsNoSocketIsLeftAlone) {
    const temporary_directory folder;
    const std::string path = folder.file("precious", "data", 0600);
    EXPECT_THROW(unix_listener(unix_address::path(path)), twill::io_error);
    struct stat about{};
    ASSERT_EQ(::stat(path.c_str(), &about), 0);
    EXPECT_EQ(about.st_size, 4);
}

TEST(UnixSocket, NobodyThereIsAnErrorThatNamesThePath) {
    const temporary_directory folder;
    in_runtime([&]() -> task<> {
        const auto there = unix_address::path(folder.path() + "/nothing");
        try {
            static_cast<void>(co_await twill::connect(there));
            ADD_FAILURE() << "connected to nobody";
        } catch (const twill::io_error& failure) {
            EXPECT_EQ(failure.what(),
                      "connect to " + there.to_string() + ": No such file or directory");
        }
    });
}

TEST(UnixSocket, ConnectWaitsWhileTheBacklogIsFull) {
    const temporary_directory folder;
    in_runtime([&]() -> task<> {
        const auto here = unix_address::path(folder.path() + "/door");
        unix_listener door(here, {.backlog = 0});
        std::vector<unix_stream> waiting;
        bool full = false;
        while (!full && waiting.size() < 100) {
            try {
                waiting.push_back(co_await twill::with_timeout(5ms, twill::connect(here)));
            } catch (const twill::timed_out&) {
                full = true;
            }
        }
        EXPECT_TRUE(full) << "the kernel took 100 in a backlog of none";
        auto [late, server] = co_await twill::when_all(twill::connect(here), door.accept());
        EXPECT_TRUE(late.is_open());
    });
}

TEST(UnixSocket, ShutDownReadingIsToldToThePeer) {
    in_runtime([]() -> task<> {
        auto [here, there] = twill::unix_pair();
        co_await there.write_all("before");
        here.shutdown_read();
        EXPECT_EQ(co_await error_of(there.write_all("after")), std::errc::broken_pipe);
        EXPECT_EQ(co_await read_to_end(here), "before");
        co_await here.write_all("back");
        here.close();
        EXPECT_EQ(co_await read_to_end(there), "back");
    });
}

TEST(UnixSocket, LeavesNothingBehindWhereverItIsCancelled) {
    const temporary_directory folder;
    const std::size_t before = [] {
        in_runtime([]() -> task<> { co_return; });
        return open_descriptors();
    }();
    const unsigned suspensions = cancel_everywhere([&]() -> task<> {
        const auto here = unix_address::path(folder.path() + "/door");
        unix_listener door(here);
        co_await converse(door, here);
    });
    EXPECT_GT(suspensions, 2U);
    EXPECT_EQ(open_descriptors(), before);
    EXPECT_TRUE(fs::is_empty(folder.path())) << "the socket's file is gone, too";
}

}  // namespace
