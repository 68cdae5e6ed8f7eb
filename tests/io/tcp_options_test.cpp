#include <twill/io/tcp.hpp>

#include "streams.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>
#include <optional>
#include <string>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::endpoint;
using twill::task;
using twill::tcp_listener;

TEST(TcpOptions, KeepAliveIsOffUntilItIsAskedFor) {
    in_runtime([]() -> task<> {
        auto [client, server] = co_await connected();
        EXPECT_EQ(client.keep_alive(), std::nullopt);
        client.set_keep_alive({.idle = 90s, .interval = 1500ms, .probes = 3});
        const auto set = client.keep_alive();
        EXPECT_TRUE(set.has_value());
        EXPECT_EQ(set.value().idle, 90s);
        EXPECT_EQ(set.value().interval, 2s) << "rounded up to whole seconds";
        EXPECT_EQ(set.value().probes, 3);
        client.stop_keep_alive();
        EXPECT_EQ(client.keep_alive(), std::nullopt);
        EXPECT_THROW(client.set_keep_alive({.idle = 0s}), twill::usage_error);
        EXPECT_THROW(client.set_keep_alive({.interval = 40'000s}), twill::usage_error);
        EXPECT_THROW(client.set_keep_alive({.probes = 1000}), twill::io_error);
    });
}

TEST(TcpOptions, SmallWritesAreNotHeldBackUnlessAskedFor) {
    in_runtime([]() -> task<> {
        auto [client, server] = co_await connected();
        EXPECT_TRUE(client.no_delay());
        EXPECT_TRUE(server.no_delay());
        server.set_no_delay(false);
        EXPECT_FALSE(server.no_delay());
    });
}

TEST(TcpOptions, BuffersHaveTheSizeAskedFor) {
    in_runtime([]() -> task<> {
        auto [client, server] = co_await connected();
        client.set_send_buffer(20'000);
        client.set_receive_buffer(30'000);
        EXPECT_EQ(client.send_buffer(), 40'000U) << "doubled by the kernel";
        EXPECT_EQ(client.receive_buffer(), 60'000U);

        tcp_listener door(endpoint::loopback(0), {.send_buffer = 20'000, .receive_buffer = 30'000});
        auto [there, here] = co_await twill::when_all(twill::connect(door.local()), door.accept());
        EXPECT_EQ(here.send_buffer(), 40'000U) << "accepted connections inherit the listener's";
        EXPECT_EQ(here.receive_buffer(), 60'000U);
    });
}

TEST(TcpOptions, UserTimeoutIsInMilliseconds) {
    in_runtime([]() -> task<> {
        auto [client, server] = co_await connected();
        client.set_user_timeout(1500us);
        unsigned ms = 0;
        socklen_t size = sizeof ms;
        ::getsockopt(client.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, &size);
        EXPECT_EQ(ms, 2U);
        EXPECT_THROW(client.set_user_timeout(-1s), twill::usage_error);
    });
}

TEST(TcpOptions, AbortGivesThePeerAResetInPlaceOfAnEnd) {
    in_runtime([]() -> task<> {
        auto [client, server] = co_await connected();
        client.abort();
        EXPECT_FALSE(client.is_open());
        client.abort();
        EXPECT_EQ(co_await error_of(read_to_end(server)), std::errc::connection_reset);
    });
}

TEST(TcpOptions, EitherDirectionShutsDownByItself) {
    in_runtime([]() -> task<> {
        auto [client, server] = co_await connected();
        auto read = [&]() -> task<> { EXPECT_EQ(co_await read_to_end(client), ""); };
        auto shut = [&]() -> task<> {
            co_await twill::yield();
            client.shutdown_read();
        };
        co_await twill::when_all(read(), shut());
        co_await client.write_all("still");
        client.shutdown_write();
        EXPECT_EQ(co_await read_to_end(server), "still");
        server.abort();
        // The kernel has to learn of the reset.
        while (!co_await error_of(client.write_all("?"))) co_await twill::yield();
        EXPECT_THROW(client.shutdown_write(), twill::io_error);
    });
}

TEST(TcpOptions, SeveralListenersMayShareAPort) {
    in_runtime([]() -> task<> {
        tcp_listener one(endpoint::loopback(0), {.reuse_port = true});
        tcp_listener two(one.local(), {.reuse_port = true});
        EXPECT_EQ(one.local().to_string(), two.local().to_string());
        EXPECT_THROW(tcp_listener(one.local()), twill::io_error);
        co_return;
    });
}

// Ports that are free in both families: the kernel chooses one that is free in the one.
TEST(TcpOptions, BothFamiliesShareAPortWhereTheOneIsLeftToItself) {
    const auto six = [](std::uint16_t port, bool alone) {
        return tcp_listener(endpoint::parse("[::]:" + std::to_string(port)),
                            twill::listen_options{.v6_only = alone});
    };
    std::optional<tcp_listener> both;
    std::string why;
    for (int attempt = 0; attempt < 100 && !both; ++attempt) {
        try {
            tcp_listener alone = six(0, true);
            const auto port = alone.local().port();
            {
                const tcp_listener four(endpoint::any(port));
            }
            alone.close();
            both.emplace(six(port, false));
        } catch (const twill::io_error& failure) {
            if (failure.code() == std::errc::address_family_not_supported ||
                failure.code() == std::errc::address_not_available) {
                GTEST_SKIP() << "no IPv6 here: " << failure.what();
            }
            why = failure.what();
        }
    }
    ASSERT_TRUE(both) << why;
    EXPECT_THROW(tcp_listener(endpoint::any(both->local().port())), twill::io_error)
        << "both are one's";
}

}  // namespace
