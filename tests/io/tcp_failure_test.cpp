// TCP when peers, the kernel or impatient callers do not play along.
#include <twill/io/tcp.hpp>

#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>

#include "fixtures.hpp"
#include "streams.hpp"
#include "support/denied_call.hpp"
#include "support/forked.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::endpoint;
using twill::scope_ref;
using twill::task;
using twill::tcp_listener;
using twill::tcp_stream;

TEST(TcpFailure, RefusedConnectionNamesTheAddress) {
    in_runtime([]() -> task<> {
        tcp_listener door(endpoint::loopback(0));
        const endpoint there = door.local();
        door.close();
        try {
            co_await twill::connect(there);
            ADD_FAILURE() << "connected to nobody";
        } catch (const twill::io_error& failure) {
            EXPECT_EQ(failure.code(), std::errc::connection_refused);
            EXPECT_EQ(failure.what(), "connect to " + there.to_string() + ": Connection refused");
        }
        EXPECT_EQ(co_await error_of(twill::connect("127.0.0.1", std::to_string(there.port()))),
                  std::errc::connection_refused);
    });
}

TEST(TcpFailure, TakenAddressIsNamed) {
    tcp_listener door(endpoint::loopback(0));
    try {
        tcp_listener second(door.local());
        ADD_FAILURE() << "two listeners at one address";
    } catch (const twill::io_error& failure) {
        EXPECT_EQ(failure.code(), std::errc::address_in_use);
        EXPECT_NE(std::string(failure.what()).find(door.local().to_string()), std::string::npos);
    }
}

template <class A>
task<bool> names_the_limit_of_watched(A what) {
    try {
        static_cast<void>(co_await std::move(what));
    } catch (const twill::too_many_watched& failure) {
        EXPECT_EQ(failure.code(), std::errc::no_space_on_device);
        co_return std::string(failure.what()).find("fs.epoll.max_user_watches") !=
            std::string::npos;
    }
    co_return false;
}

TEST(TcpFailure, LimitOfWatchedDescriptorsIsAnErrorThatSaysWhatHelps) {
    in_own_thread([] {
        twill::runtime here;
        auto [client, server] = here.run([] { return connected(); });
        if (!deny_call(SYS_epoll_ctl, ENOSPC)) GTEST_SKIP() << "no seccomp filters";
        here.run([&]() -> task<> {
            tcp_listener door(endpoint::loopback(0));
            std::byte bytes[8] = {};
            co_await client.write_all(bytes);
            EXPECT_EQ(co_await server.read_some(bytes), sizeof bytes) << "without any wait";
            EXPECT_TRUE(co_await names_the_limit_of_watched(server.read_some(bytes)));
            EXPECT_TRUE(co_await names_the_limit_of_watched(door.accept()));
        });
    });
}

TEST(TcpFailure, ResetEndsAWaitingReadWithAnError) {
    in_runtime([]() -> task<> {
        auto [client, server] = co_await connected();
        char byte = 0;
        auto read = [&]() -> task<> {
            EXPECT_EQ(
                co_await error_of(server.read_some(std::as_writable_bytes(std::span(&byte, 1)))),
                std::errc::connection_reset);
        };
        auto cut = [&]() -> task<> {
            co_await twill::sleep(1ms);
            client.abort();
        };
        co_await twill::when_all(read(), cut());
    });
}

TEST(TcpFailure, WritingToNobodyIsAnErrorAndNoSignal) {
    in_runtime([]() -> task<> {
        auto [client, server] = co_await connected();
        client.abort();
        // SIGPIPE has its default disposition here: it would end the test.
        std::error_code why;
        while (!why) why = co_await error_of(server.write_all("anybody?"));
        EXPECT_TRUE(why == std::errc::broken_pipe || why == std::errc::connection_reset) << why;
        EXPECT_EQ(co_await error_of(server.write_all("?")), std::errc::broken_pipe);
    });
}

TEST(TcpFailure, BlockedWriterLearnsOfAReset) {
    in_runtime([]() -> task<> {
        auto [client, server] = co_await connected();
        const std::string much(24 << 20, 'x');
        std::size_t progress = 0;
        auto write = [&]() -> task<> {
            EXPECT_TRUE(co_await error_of(server.write_all(much, &progress)));
            EXPECT_LT(progress, much.size());
        };
        auto cut = [&]() -> task<> {
            co_await twill::sleep(1ms);
            client.abort();
        };
        co_await twill::when_all(write(), cut());
    });
}

TEST(TcpFailure, FullDescriptorTableMakesAcceptWait) {
    in_runtime([]() -> task<> {
        tcp_listener door(endpoint::loopback(0));
        auto client = co_await twill::connect(door.local());
        rlimit before{};
        ::getrlimit(RLIMIT_NOFILE, &before);
        const rlimit none{0, before.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &none);
        const bool waited =
            co_await throws<twill::timed_out>(twill::with_timeout(5ms, door.accept()));
        ::setrlimit(RLIMIT_NOFILE, &before);
        EXPECT_TRUE(waited) << "a connection is there, and no descriptor for it";
        auto server = co_await door.accept();
        co_await client.write_all("still here");
        client.close();
        EXPECT_EQ(co_await read_to_end(server), "still here");
    });
}

constexpr int crowd = 24;

// So many clients at once, each of which wants its answer; 0 when all have got it.
int ask_all(const endpoint& there) {
    std::vector<int> all;
    for (int i = 0; i < crowd; ++i) {
        all.push_back(::socket(there.family(), SOCK_STREAM, 0));
        if (::connect(all.back(), there.address(), there.size()) != 0) return 1;
        if (::send(all.back(), "?", 1, 0) != 1) return 2;
    }
    for (const int each : all) {
        char answer = 0;
        if (::recv(each, &answer, 1, 0) != 1 || answer != '?') return 3;
        ::close(each);
    }
    return 0;
}

task<> answer(tcp_stream peer) {
    std::byte byte{};
    while (co_await peer.read_some(std::span(&byte, 1)) != 0)
        co_await peer.write_some(std::span(&byte, 1));
}

TEST(TcpFailure, ServerServesMoreClientsThanItHasDescriptors) {
    EXPECT_TRUE(in_another_process([] {
        tcp_listener door(endpoint::loopback(0));
        const forked clients;
        if (clients.in_child()) ::_exit(ask_all(door.local()));
        in_runtime([&]() -> task<> {
            const rlimit few{open_descriptors() + 5, open_descriptors() + 5};
            ::setrlimit(RLIMIT_NOFILE, &few);
            co_await twill::scope([&](scope_ref s) -> task<> {
                for (int i = 0; i < crowd; ++i) s.spawn(answer, co_await door.accept());
            });
        });
        return clients.wait().exit_status() == 0;
    }));
}

TEST(TcpFailure, SilentPeerRunsIntoTheTimeLimit) {
    in_runtime([]() -> task<> {
        auto [client, server] = co_await connected();
        char byte = 0;
        const auto into = std::as_writable_bytes(std::span(&byte, 1));
        EXPECT_TRUE(
            co_await throws<twill::timed_out>(twill::with_timeout(5ms, server.read_some(into))));
        co_await client.write_all("!");
        EXPECT_EQ(co_await server.read_some(into), 1U);
    });
}

TEST(TcpFailure, SecondReaderIsRefusedAndTheFirstGoesOn) {
    in_runtime([]() -> task<> {
        auto [client, server] = co_await connected();
        char first = 0;
        char second = 0;
        auto read = [&]() -> task<> {
            co_await server.read_exactly(std::as_writable_bytes(std::span(&first, 1)));
        };
        auto intrude = [&]() -> task<> {
            EXPECT_EQ(
                co_await error_of(server.read_some(std::as_writable_bytes(std::span(&second, 1)))),
                std::errc::device_or_resource_busy);
            co_await client.write_all("1");
        };
        co_await twill::when_all(read(), intrude());
        EXPECT_EQ(first, '1');
    });
}

TEST(TcpFailure, CancelledAcceptLosesNoConnection) {
    constexpr int count = 300;
    in_runtime([]() -> task<> {
        tcp_listener door(endpoint::loopback(0));
        int accepted = 0;
        auto accept = [&]() -> task<> {
            for (int round = 0; accepted < count; ++round) {
                try {
                    const auto limit = std::chrono::microseconds(round % 97);
                    auto peer = co_await twill::with_timeout(limit, door.accept());
                    co_await peer.write_all("in");
                    ++accepted;
                } catch (const twill::timed_out&) {
                    // The next round takes it.
                }
            }
        };
        auto knock = [&]() -> task<> {
            for (int i = 0; i < count; ++i) {
                auto client = co_await twill::connect(door.local());
                EXPECT_EQ(co_await read_to_end(client), "in");
            }
        };
        co_await twill::when_all(accept(), knock());
    });
}

TEST(TcpFailure, CancelledReadsLoseNoByte) {
    constexpr std::size_t size = 200'000;
    in_runtime([]() -> task<> {
        auto [client, server] = co_await connected();
        const std::string sent = pattern(size);
        std::string came;
        auto write = [&]() -> task<> {
            for (std::size_t at = 0; at < size; at += 1000) {
                co_await client.write_all(std::string_view(sent).substr(at, 1000));
                co_await twill::sleep(20us);
            }
        };
        auto read = [&]() -> task<> {
            char buffer[700];
            const auto into = std::as_writable_bytes(std::span(buffer));
            for (int round = 0; came.size() < size; ++round) {
                const auto limit = std::chrono::microseconds(round % 61);
                std::size_t got = 0;
                try {
                    if (round % 2 == 0)
                        got = co_await twill::with_timeout(limit, server.read_some(into));
                    else
                        co_await twill::with_timeout(
                            limit,
                            server.read_exactly(
                                into.first(std::min(into.size(), size - came.size())), &got));
                } catch (const twill::timed_out&) {
                    // `got` counts what a read_exactly had until then.
                }
                came.append(buffer, got);
            }
        };
        co_await twill::when_all(write(), read());
        EXPECT_TRUE(came == sent);
    });
}

TEST(TcpFailure, CancelledWriteReportsHowMuchWentOut) {
    in_runtime([]() -> task<> {
        auto [client, server] = co_await connected();
        const std::string much = pattern(24 << 20);
        std::size_t progress = 0;
        EXPECT_TRUE(co_await throws<twill::timed_out>(
            twill::with_timeout(20ms, client.write_all(much, &progress))));
        client.shutdown_write();
        EXPECT_GT(progress, 0U);
        EXPECT_LT(progress, much.size());
        EXPECT_TRUE(co_await read_to_end(server) == much.substr(0, progress));
    });
}

}  // namespace
