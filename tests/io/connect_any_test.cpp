// Connecting to a host with several addresses, some of which do not answer.
#include <twill/io/tcp.hpp>

#include <twill/core/timeout.hpp>

#include "streams.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::endpoint;
using twill::task;
using twill::tcp_listener;
using twill::tcp_stream;

using addresses = std::vector<endpoint>;

// Where nobody listens.
endpoint refusing() {
    const tcp_listener door(endpoint::loopback(0));
    return door.local();
}

// One whose backlog is full: the kernel drops what comes, as a firewall may.
struct silent {
    tcp_listener door{endpoint::loopback(0), {.backlog = 0}};
    std::vector<tcp_stream> waiting;
};

task<> fill(silent& one) {
    for (int i = 0; i < 100; ++i) {
        try {
            one.waiting.push_back(
                co_await twill::with_timeout(20ms, twill::connect(one.door.local())));
        } catch (const twill::timed_out&) {
            co_return;
        }
    }
    ADD_FAILURE() << "the kernel took 100 in a backlog of none";
}

TEST(ConnectAny, GoesOnToTheNextWhenOneRefuses) {
    in_runtime([]() -> task<> {
        tcp_listener door(endpoint::loopback(0));
        const addresses there = {refusing(), refusing(), door.local()};
        const auto stream = co_await twill::connect(there);
        EXPECT_EQ(stream.peer().to_string(), door.local().to_string());
    });
}

TEST(ConnectAny, DoesNotWaitForOneThatIsSilent) {
    in_runtime([]() -> task<> {
        silent dead;
        co_await fill(dead);
        tcp_listener door(endpoint::loopback(0));
        const addresses there = {dead.door.local(), door.local()};
        const auto begin = twill::now();
        const auto stream = co_await twill::connect(there);
        EXPECT_EQ(stream.peer().to_string(), door.local().to_string());
        EXPECT_GE(twill::now() - begin, 250ms) << "it had its head start";
    });
}

TEST(ConnectAny, OneThatAnswersInTimeIsTheOnlyOneTried) {
    in_runtime([]() -> task<> {
        tcp_listener door(endpoint::loopback(0));
        tcp_listener second(endpoint::loopback(0));
        const addresses there = {door.local(), second.local()};
        const auto stream = co_await twill::connect(there);
        EXPECT_EQ(stream.peer().to_string(), door.local().to_string());
        EXPECT_TRUE(co_await throws<twill::timed_out>(twill::with_timeout(1ms, second.accept())));
    });
}

TEST(ConnectAny, NobodyThereIsTheLastFailure) {
    in_runtime([]() -> task<> {
        const addresses there = {refusing(), refusing()};
        try {
            static_cast<void>(co_await twill::connect(there));
            ADD_FAILURE() << "connected to nobody";
        } catch (const twill::io_error& failure) {
            EXPECT_EQ(failure.code(), std::errc::connection_refused);
            EXPECT_EQ(failure.object(), there[1].to_string());
        }
        EXPECT_EQ(co_await error_of(twill::connect(addresses())), std::errc::address_not_available);
    });
}

TEST(ConnectAny, LeavesNothingBehindWhereverItIsCancelled) {
    const std::size_t before = [] {
        in_runtime([]() -> task<> { co_return; });
        return open_descriptors();
    }();
    cancel_everywhere([]() -> task<> {
        tcp_listener door(endpoint::loopback(0));
        const addresses there = {refusing(), door.local()};
        auto [client, server] = co_await twill::when_all(twill::connect(there), door.accept());
        EXPECT_TRUE(client.is_open());
    });
    EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
