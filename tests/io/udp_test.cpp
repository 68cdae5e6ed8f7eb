#include <twill/io/udp.hpp>

#include <twill/core/timeout.hpp>
#include <twill/core/when_all.hpp>

#include "streams.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::endpoint;
using twill::task;
using twill::udp_socket;

struct message {
    std::string text;
    twill::datagram about;
};

task<message> next(udp_socket& at, std::size_t room = 2000) {
    message got{std::string(room, '\0'), {}};
    got.about = co_await at.receive_from(std::as_writable_bytes(std::span(got.text)));
    got.text.resize(got.about.size);
    co_return got;
}

TEST(Udp, MessagesComeWholeAndTellTheirSender) {
    in_runtime([]() -> task<> {
        udp_socket server(endpoint::loopback(0));
        udp_socket client(endpoint::loopback(0));
        co_await client.send_to("one", server.local());
        co_await client.send_to("", server.local());
        co_await client.send_to("three", server.local());
        const auto first = co_await next(server);
        EXPECT_EQ(first.text, "one");
        EXPECT_EQ(first.about.from.to_string(), client.local().to_string());
        EXPECT_EQ((co_await next(server)).text, "") << "an empty message is one";
        EXPECT_EQ((co_await next(server)).text, "three");
        co_await server.send_to("back", first.about.from);
        EXPECT_EQ((co_await next(client)).text, "back");
        EXPECT_NE(::fcntl(client.native_handle(), F_GETFD) & FD_CLOEXEC, 0);
    });
}

TEST(Udp, ReceiverWaitsForAMessage) {
    in_runtime([]() -> task<> {
        udp_socket server(endpoint::loopback(0));
        udp_socket client(endpoint::loopback(0));
        auto send = [&]() -> task<> {
            co_await twill::yield();
            co_await client.send_to("late", server.local());
        };
        auto [got, unused] = co_await twill::when_all(next(server), send());
        EXPECT_EQ(got.text, "late");
    });
}

TEST(Udp, TellsWhatDidNotFit) {
    in_runtime([]() -> task<> {
        udp_socket server(endpoint::loopback(0));
        udp_socket client(endpoint::loopback(0));
        co_await client.send_to("0123456789", server.local());
        co_await client.send_to("next", server.local());
        const auto cut = co_await next(server, 4);
        EXPECT_EQ(cut.text, "0123");
        EXPECT_EQ(cut.about.full_size, 10U);
        EXPECT_TRUE(cut.about.truncated());
        const auto whole = co_await next(server, 4);
        EXPECT_EQ(whole.text, "next") << "the rest of the one before is gone";
        EXPECT_FALSE(whole.about.truncated());
    });
}

TEST(Udp, ConnectedOneHearsOnlyItsPeer) {
    in_runtime([]() -> task<> {
        udp_socket server(endpoint::loopback(0));
        udp_socket stranger(endpoint::loopback(0));
        udp_socket client(endpoint::loopback(0));
        EXPECT_EQ(co_await error_of(client.send("whom?")), std::errc::destination_address_required);
        client.connect(server.local());
        EXPECT_EQ(client.peer().to_string(), server.local().to_string());
        co_await stranger.send_to("spam", client.local());
        co_await client.send("question");
        const auto asked = co_await next(server);
        EXPECT_EQ(asked.text, "question");
        co_await server.send_to("answer", asked.about.from);
        EXPECT_EQ((co_await next(client)).text, "answer");
    });
}

TEST(Udp, NobodyThereIsToldToAConnectedOne) {
    in_runtime([]() -> task<> {
        std::optional<udp_socket> server(endpoint::loopback(0));
        udp_socket client;
        client.connect(server->local());
        server.reset();
        co_await client.send("anybody?");
        EXPECT_EQ(co_await error_of(next(client)), std::errc::connection_refused);
    });
}

TEST(Udp, TooLongAMessageIsAnError) {
    in_runtime([]() -> task<> {
        udp_socket server(endpoint::loopback(0));
        udp_socket client;
        EXPECT_EQ(co_await error_of(client.send_to(std::string(70'000, 'x'), server.local())),
                  std::errc::message_size);
    });
}

TEST(Udp, UsingAClosedOneIsAnError) {
    in_runtime([]() -> task<> {
        udp_socket one(endpoint::loopback(0));
        const auto there = one.local();
        udp_socket moved = std::move(one);
        EXPECT_FALSE(one.is_open());  // NOLINT(bugprone-use-after-move): that is the question
        moved.close();
        moved.close();
        EXPECT_EQ(co_await error_of(moved.send_to("x", there)), std::errc::bad_file_descriptor);
        EXPECT_EQ(co_await error_of(next(moved)), std::errc::bad_file_descriptor);
    });
}

TEST(Udp, OptionsReachTheSocket) {
    udp_socket one(endpoint::loopback(0), {.reuse_port = true, .receive_buffer = 30'000});
    EXPECT_NO_THROW(udp_socket(one.local(), {.reuse_port = true}));
    EXPECT_THROW(udp_socket(one.local()), twill::io_error);
    int size = 0;
    socklen_t length = sizeof size;
    ::getsockopt(one.native_handle(), SOL_SOCKET, SO_RCVBUF, &size, &length);
    EXPECT_EQ(size, 60'000) << "doubled by the kernel";
}

TEST(Udp, TimedOutReceivesLoseNoMessage) {
    constexpr int count = 300;
    in_runtime([]() -> task<> {
        udp_socket server(endpoint::loopback(0));
        udp_socket client;
        int expected = 0;
        auto receive = [&]() -> task<> {
            for (int round = 0; expected < count; ++round) {
                try {
                    const auto limit = std::chrono::microseconds(round % 83);
                    const auto got = co_await twill::with_timeout(limit, next(server));
                    EXPECT_EQ(got.text, std::to_string(expected));
                    ++expected;
                } catch (const twill::timed_out&) {
                    // The next round takes it.
                }
            }
        };
        auto send = [&]() -> task<> {
            for (int i = 0; i < count; ++i) {
                while (expected < i) co_await twill::sleep(10us);
                co_await client.send_to(std::to_string(i), server.local());
            }
        };
        co_await twill::when_all(receive(), send());
    });
}

TEST(Udp, LeavesNothingBehindWhereverItIsCancelled) {
    const std::size_t before = [] {
        in_runtime([]() -> task<> { co_return; });
        return open_descriptors();
    }();
    const unsigned suspensions = cancel_everywhere([]() -> task<> {
        udp_socket server(endpoint::loopback(0));
        udp_socket client(endpoint::loopback(0));
        auto serve = [&]() -> task<> {
            const auto got = co_await next(server);
            co_await server.send_to(got.text, got.about.from);
        };
        auto ask = [&]() -> task<> {
            co_await client.send_to("echo", server.local());
            EXPECT_EQ((co_await next(client)).text, "echo");
        };
        co_await twill::when_all(serve(), ask());
    });
    EXPECT_GT(suspensions, 2U);
    EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
