#include <twill/io/tcp.hpp>

#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>

#include "streams.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::endpoint;
using twill::scope_ref;
using twill::task;
using twill::tcp_listener;
using twill::tcp_stream;

task<> echo(tcp_stream peer) {
    std::vector<std::byte> buffer(65536);
    while (const std::size_t got = co_await peer.read_some(buffer))
        co_await peer.write_all(std::span(buffer).first(got));
    peer.shutdown_write();
}

TEST(Tcp, EchoesMegabytesWhileBothSidesWrite) {
    in_runtime([]() -> task<> {
        auto [client, server] = co_await connected();
        const std::string sent = pattern(8 << 20);
        std::string came;
        auto write = [&]() -> task<> {
            co_await client.write_all(sent);
            client.shutdown_write();
        };
        auto read = [&]() -> task<> { came = co_await read_to_end(client); };
        co_await twill::when_all(echo(std::move(server)), write(), read());
        EXPECT_TRUE(came == sent);
    });
}

TEST(Tcp, AnswersAfterTheOtherSideHasSaidAll) {
    in_runtime([]() -> task<> {
        auto [client, server] = co_await connected();
        co_await client.write_all("question");
        client.shutdown_write();
        EXPECT_EQ(co_await read_to_end(server), "question");
        co_await server.write_all("answer");
        server.close();
        EXPECT_FALSE(server.is_open());
        EXPECT_EQ(co_await read_to_end(client), "answer");
    });
}

TEST(Tcp, EndsOfAConnectionKnowEachOther) {
    in_runtime([]() -> task<> {
        auto [client, server] = co_await connected();
        EXPECT_EQ(client.local().to_string(), server.peer().to_string());
        EXPECT_EQ(client.peer().to_string(), server.local().to_string());
        EXPECT_NE(::fcntl(client.native_handle(), F_GETFD) & FD_CLOEXEC, 0);
        EXPECT_NE(::fcntl(server.native_handle(), F_GETFD) & FD_CLOEXEC, 0);
    });
}

TEST(Tcp, ReadsExactlyWhatArrivesInPieces) {
    in_runtime([]() -> task<> {
        auto [client, server] = co_await connected();
        auto write = [&]() -> task<> {
            for (const char* piece : {"ab", "c", "defg"}) {
                co_await client.write_all(piece);
                co_await twill::sleep(1ms);
            }
            client.close();
        };
        auto read = [&]() -> task<> {
            char five[5];
            std::size_t progress = 0;
            co_await server.read_exactly(std::as_writable_bytes(std::span(five)), &progress);
            EXPECT_EQ(std::string_view(five, 5), "abcde");
            EXPECT_EQ(progress, 5U);
            try {
                co_await server.read_exactly(std::as_writable_bytes(std::span(five)), &progress);
                ADD_FAILURE() << "gave five bytes of two";
            } catch (const twill::end_of_stream& end) {
                EXPECT_EQ(end.received(), 2U);
                EXPECT_EQ(progress, 2U);
            }
        };
        co_await twill::when_all(write(), read());
    });
}

TEST(Tcp, ServesAThousandConnectionsAtOnce) {
    constexpr std::size_t count = 1000;
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    const rlimit before = files;
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur < 2 * count + 100)
        GTEST_SKIP() << "only " << files.rlim_cur << " descriptors are allowed here";
    in_runtime([]() -> task<> {
        tcp_listener door(endpoint::loopback(0));
        co_await twill::scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                for (std::size_t i = 0; i < count; ++i) s.spawn(echo, co_await door.accept());
            });
            std::vector<task<tcp_stream>> connecting;
            for (std::size_t i = 0; i < count; ++i)
                connecting.push_back(twill::connect(door.local()));
            auto clients = co_await twill::when_all(std::move(connecting));
            for (std::size_t i = 0; i < count; ++i)
                co_await clients[i].write_all("hello " + std::to_string(i));
            for (std::size_t i = 0; i < count; ++i) {
                clients[i].shutdown_write();
                EXPECT_EQ(co_await read_to_end(clients[i]), "hello " + std::to_string(i));
            }
        });
    });
    ::setrlimit(RLIMIT_NOFILE, &before);
}

TEST(Tcp, SpeaksIPv6) {
    in_runtime([]() -> task<> {
        std::optional<tcp_listener> door;
        try {
            door.emplace(endpoint::parse("[::1]:0"));
        } catch (const twill::io_error& failure) {
            [&] { GTEST_SKIP() << "no IPv6 here: " << failure.what(); }();
            co_return;
        }
        auto [client, server] =
            co_await twill::when_all(twill::connect(door->local()), door->accept());
        co_await client.write_all("six");
        client.close();
        EXPECT_EQ(co_await read_to_end(server), "six");
        EXPECT_TRUE(server.local().to_string().starts_with("[::1]:"));
    });
}

TEST(Tcp, ConnectsByName) {
    in_runtime([]() -> task<> {
        tcp_listener door(endpoint::any(0));
        const auto port = std::to_string(door.local().port());
        auto [client, server] =
            co_await twill::when_all(twill::connect("localhost", port), door.accept());
        co_await server.write_all("found");
        server.close();
        EXPECT_EQ(co_await read_to_end(client), "found");
    });
}

TEST(Tcp, StreamsMoveAlsoAfterTheyHaveWaited) {
    in_runtime([]() -> task<> {
        auto [client, server] = co_await connected();
        char byte = 0;
        const auto into = std::as_writable_bytes(std::span(&byte, 1));
        EXPECT_TRUE(
            co_await throws<twill::timed_out>(twill::with_timeout(1ms, server.read_some(into))));
        tcp_stream moved = std::move(server);
        EXPECT_FALSE(server.is_open());  // NOLINT(bugprone-use-after-move): that is the question
        co_await client.write_all("x");
        co_await moved.read_exactly(into);
        EXPECT_EQ(byte, 'x');
        auto other = co_await connected();
        moved = std::move(other.server);
        EXPECT_EQ(co_await read_to_end(client), "") << "assigning closes what was there";
        co_await other.client.write_all("y");
        co_await moved.read_exactly(into);
        EXPECT_EQ(byte, 'y');
    });
}

TEST(Tcp, LeavesNothingBehindWhereverItIsCancelled) {
    const std::size_t before = [] {
        in_runtime([]() -> task<> { co_return; });
        return open_descriptors();
    }();
    const unsigned suspensions = cancel_everywhere([]() -> task<> {
        auto [client, server] = co_await connected();
        auto there = [&]() -> task<> {
            co_await client.write_all("ping");
            char answer[4];
            co_await client.read_exactly(std::as_writable_bytes(std::span(answer)));
        };
        auto here = [&]() -> task<> {
            char asked[4];
            co_await server.read_exactly(std::as_writable_bytes(std::span(asked)));
            co_await server.write_some(std::as_bytes(std::span(asked)));
        };
        co_await twill::when_all(there(), here());
    });
    EXPECT_GT(suspensions, 6U);
    EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
