#include <twill/io/signal.hpp>

#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/io/process.hpp>

#include "streams.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::signal_watcher;
using twill::task;

struct sigaction disposition(int number) {
    struct sigaction now = {};
    ::sigaction(number, nullptr, &now);
    return now;
}

TEST(Signal, ArrivesWhereItIsAwaited) {
    in_runtime([]() -> task<> {
        auto send = []() -> task<> {
            // The other task has its watcher once the disposition is not the default.
            while (disposition(SIGUSR1).sa_handler == SIG_DFL) co_await twill::yield();
            ::kill(::getpid(), SIGUSR1);
        };
        auto wait = []() -> task<> { EXPECT_EQ(co_await twill::signal(SIGUSR1), SIGUSR1); };
        co_await twill::when_all(wait(), send());
    });
    EXPECT_EQ(disposition(SIGUSR1).sa_handler, SIG_DFL);
}

TEST(Signal, NoneIsLostBetweenTwoWaitsAndTheOrderIsKept) {
    in_runtime([]() -> task<> {
        signal_watcher both({SIGUSR1, SIGUSR2});
        for (int round = 0; round < 500; ++round) {
            ::raise(SIGUSR1);
            ::raise(SIGUSR2);
            ::raise(SIGUSR1);
        }
        for (int round = 0; round < 500; ++round) {
            EXPECT_EQ(co_await both.next(), SIGUSR1);
            EXPECT_EQ(co_await both.next(), SIGUSR2);
            EXPECT_EQ(co_await both.next(), SIGUSR1);
        }
        EXPECT_TRUE(co_await throws<twill::timed_out>(twill::with_timeout(1ms, both.next())));
    });
}

TEST(Signal, CancelledWaitsLoseNone) {
    constexpr int count = 300;
    in_runtime([]() -> task<> {
        signal_watcher watch({SIGUSR1});
        int arrived = 0;
        auto wait = [&]() -> task<> {
            for (int round = 0; arrived < count; ++round) {
                try {
                    co_await twill::with_timeout(std::chrono::microseconds(round % 53),
                                                 watch.next());
                    ++arrived;
                } catch (const twill::timed_out&) {
                    // The next round takes it.
                }
            }
        };
        auto send = [&]() -> task<> {
            for (int sent = 0; sent < count; ++sent) {
                ::raise(SIGUSR1);
                co_await twill::sleep(30us);
            }
        };
        co_await twill::when_all(wait(), send());
    });
}

TEST(Signal, EveryWatcherGetsIt) {
    in_runtime([]() -> task<> {
        signal_watcher first({SIGUSR1});
        signal_watcher second({SIGUSR2, SIGUSR1});
        ::raise(SIGUSR1);
        EXPECT_EQ(co_await first.next(), SIGUSR1);
        EXPECT_EQ(co_await second.next(), SIGUSR1);
    });
}

TEST(Signal, EveryRuntimeGetsIt) {
    twill::atomic<int> watching{0};
    auto watch = [&] {
        in_runtime([&]() -> task<> {
            signal_watcher here({SIGUSR1});
            watching.fetch_add(1);
            EXPECT_EQ(co_await here.next(), SIGUSR1);
        });
    };
    std::thread one(watch);
    std::thread two(watch);
    while (watching.load() != 2) std::this_thread::yield();
    ::kill(::getpid(), SIGUSR1);
    one.join();
    two.join();
}

TEST(Signal, FormerDispositionReturnsWithTheLastWatcher) {
    struct sigaction ignored = {};
    ignored.sa_handler = SIG_IGN;
    ::sigaction(SIGUSR1, &ignored, nullptr);
    {
        std::optional<signal_watcher> first(std::in_place, std::initializer_list<int>{SIGUSR1});
        const signal_watcher second({SIGUSR1, SIGUSR2});
        EXPECT_NE(disposition(SIGUSR1).sa_handler, SIG_IGN);
        first.reset();
        EXPECT_NE(disposition(SIGUSR1).sa_handler, SIG_IGN) << "the second still watches";
    }
    EXPECT_EQ(disposition(SIGUSR1).sa_handler, SIG_IGN);
    EXPECT_EQ(disposition(SIGUSR2).sa_handler, SIG_DFL);
    ::signal(SIGUSR1, SIG_DFL);
}

TEST(Signal, TakenOverMeanwhileIsLeftToTheNewOwner) {
    {
        const signal_watcher watch({SIGUSR1});
        ::signal(SIGUSR1, SIG_IGN);
    }
    EXPECT_EQ(disposition(SIGUSR1).sa_handler, SIG_IGN);
    ::signal(SIGUSR1, SIG_DFL);
}

TEST(Signal, NextWatcherDoesNotGetWhatTheLastOneLeft) {
    in_runtime([]() -> task<> {
        {
            const signal_watcher gone({SIGUSR1});
            ::raise(SIGUSR1);
        }
        signal_watcher fresh({SIGUSR1});
        EXPECT_TRUE(co_await throws<twill::timed_out>(twill::with_timeout(1ms, fresh.next())));
    });
}

TEST(Signal, WatchersMadeAgainAndAgainTakeNoMoreDescriptors) {
    in_runtime([]() -> task<> {
        std::size_t before = 0;
        for (int i = 0; i < 200; ++i) {
            const signal_watcher one({SIGUSR1});
            signal_watcher two({SIGUSR1});
            ::raise(SIGUSR1);
            EXPECT_EQ(co_await two.next(), SIGUSR1);
            if (i == 0) before = open_descriptors();
        }
        EXPECT_LE(open_descriptors(), before);
    });
}

TEST(Signal, WhatCannotBeWatchedIsRefused) {
    for (const int number : {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, 0,
                             -1, 32, 33, 65, 1000})
        EXPECT_THROW(signal_watcher({SIGUSR1, number}), twill::usage_error) << number;
    EXPECT_EQ(disposition(SIGUSR1).sa_handler, SIG_DFL) << "a refusal touches nothing";
    const signal_watcher last({SIGRTMIN, SIGRTMAX});
}

TEST(Signal, ChildrenDoNotInheritIt) {
    in_runtime([]() -> task<> {
        signal_watcher watch({SIGTERM});
        auto child = twill::process::start({.arguments = {"sleep", "1000"}});
        EXPECT_TRUE(child.signal(SIGTERM));
        EXPECT_EQ((co_await child.wait()).signal, SIGTERM);
    });
}

TEST(Signal, StormWhileWatchersComeAndGo) {
    twill::atomic<bool> stop{false};
    const signal_watcher keeps_it_from_killing({SIGUSR1});
    std::thread sender([&] {
        while (!stop.load()) {
            ::kill(::getpid(), SIGUSR1);
            std::this_thread::yield();
        }
    });
    in_runtime([]() -> task<> {
        for (int i = 0; i < 300; ++i) EXPECT_EQ(co_await twill::signal(SIGUSR1), SIGUSR1);
    });
    stop.store(true);
    sender.join();
}

TEST(Signal, WaitsAreCancelledAnywhere) {
    cancel_everywhere([]() -> task<> {
        signal_watcher watch({SIGUSR1});
        auto send = []() -> task<> {
            co_await twill::yield();
            ::raise(SIGUSR1);
        };
        auto wait = [&]() -> task<> { co_await watch.next(); };
        co_await twill::when_all(wait(), send());
    });
    EXPECT_EQ(disposition(SIGUSR1).sa_handler, SIG_DFL);
}

}  // namespace
