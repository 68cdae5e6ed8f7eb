#include <twill/core/cancellation.hpp>

#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/runtime/blocking.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/cancel_everywhere.hpp"
#include "support/live.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <stop_token>
#include <thread>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::bridge_to_stop_token;
using twill::run;
using twill::scope;
using twill::scope_ref;
using twill::task;
using twill::with_stop_token;

TEST(Cancellation, IsLevelTriggered) {
    run([]() -> task<> {
        co_await scope([](scope_ref s) -> task<> {
            EXPECT_FALSE(co_await twill::cancel_requested());
            co_await twill::check_cancelled();
            s.cancel();
            EXPECT_TRUE(co_await twill::cancel_requested());
            EXPECT_TRUE(co_await throws<twill::cancelled>(twill::check_cancelled()));
            for (int i = 0; i < 3; ++i)
                EXPECT_TRUE(co_await throws<twill::cancelled>(twill::sleep(1h)));
            EXPECT_TRUE(co_await throws<twill::cancelled>(twill::yield()));
        });
    });
}

TEST(Cancellation, IsNoStdException) {
    static_assert(!std::is_base_of_v<std::exception, twill::cancelled>);
    run([]() -> task<> {
        co_await scope([](scope_ref s) -> task<> {
            s.cancel();
            bool swallowed = false;
            try {
                co_await twill::yield();
            } catch (const std::exception&) {
                swallowed = true;
            } catch (const twill::cancelled&) {
            }
            EXPECT_FALSE(swallowed);
        });
    });
}

TEST(Cancellation, StopTokenCutsWorkFromAForeignThread) {
    run([]() -> task<> {
        for (int round = 0; round < 50; ++round) {
            std::stop_source source;
            std::thread foreign([&] { source.request_stop(); });
            EXPECT_TRUE(
                co_await throws<twill::cancelled>(with_stop_token(source.get_token(), for_ever())));
            EXPECT_FALSE(co_await twill::cancel_requested()) << "the owner itself is not cancelled";
            foreign.join();
        }
    });
}

TEST(Cancellation, StopTokenRequestedBeforehandCutsTheFirstSuspension) {
    run([]() -> task<> {
        std::stop_source source;
        source.request_stop();
        EXPECT_TRUE(
            co_await throws<twill::cancelled>(with_stop_token(source.get_token(), for_ever())));
        EXPECT_EQ(co_await with_stop_token(source.get_token(), give(1)), 1);
    });
}

TEST(Cancellation, WorkUnderAStopTokenGivesWhatItGives) {
    run([]() -> task<> {
        std::stop_source source;
        EXPECT_EQ(co_await with_stop_token(source.get_token(), give_later(2)), 2);
        EXPECT_TRUE(co_await throws<failure>(with_stop_token(source.get_token(), fail(1))));
        EXPECT_EQ(co_await with_stop_token(std::stop_token(), give_later(3)), 3);
        source.request_stop();  // nothing is left that it could reach
        co_await twill::yield();
    });
}

TEST(Cancellation, StopRequestedByTheWorkItself) {
    run([]() -> task<> {
        std::stop_source source;
        auto work = [&]() -> task<> {
            source.request_stop();
            co_await for_ever();
        };
        EXPECT_TRUE(co_await throws<twill::cancelled>(with_stop_token(source.get_token(), work())));
    });
}

TEST(Cancellation, BridgedTokenStopsALegacyLoop) {
    run([]() -> task<> {
        twill::atomic<bool> running{false};
        twill::atomic<bool> stopped{false};
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                co_await bridge_to_stop_token([&](std::stop_token stop) -> task<> {
                    co_await twill::blocking([&, stop] {
                        running.store(true);
                        while (!stop.stop_requested()) std::this_thread::yield();
                        stopped.store(true);
                    });
                });
            });
            while (!running.load()) co_await twill::yield();
            s.cancel();
        });
        EXPECT_TRUE(stopped.load());
    });
}

TEST(Cancellation, BridgedTokenIsStoppedAtTheLatestWhenTheBodyHasEnded) {
    run([]() -> task<> {
        std::stop_token kept;
        int calls = 0;
        const int value = co_await bridge_to_stop_token([&](std::stop_token stop) -> task<int> {
            kept = stop;
            std::stop_callback count(stop, [&] { ++calls; });
            co_await twill::yield();
            EXPECT_FALSE(stop.stop_requested());
            co_return 4;
        });
        EXPECT_EQ(value, 4);
        EXPECT_EQ(calls, 0) << "the callback was gone by then";
        EXPECT_TRUE(kept.stop_requested());
        auto failing = [](std::stop_token) { return fail(1); };
        EXPECT_TRUE(co_await throws<failure>(bridge_to_stop_token(failing)));
    });
}

TEST(Cancellation, BridgedCallbackRunsWhenTheTaskIsCancelled) {
    run([]() -> task<> {
        int calls = 0;
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                co_await bridge_to_stop_token([&](std::stop_token stop) -> task<> {
                    std::stop_callback count(stop, [&] { ++calls; });
                    manual_operation stubborn(manual_operation::when_cancelled::goes_on);
                    std::stop_callback end(stop, [&] { stubborn.finish(); });
                    co_await borrowed(stubborn);
                });
            });
            co_await twill::yield();
            co_await twill::yield();
            s.cancel();
        });
        EXPECT_EQ(calls, 1);
    });
}

TEST(Cancellation, BridgesCutAnywhereLeaveNothingBehind) {
    cancel_everywhere([]() -> task<> {
        std::stop_source source;
        auto work = [](live, std::stop_token) -> task<live> {
            co_await twill::yield();
            co_await twill::sleep(1us);
            co_return live();
        };
        static_cast<void>(co_await with_stop_token(source.get_token(), work(live(), {})));
        static_cast<void>(co_await bridge_to_stop_token(
            [&](std::stop_token stop) { return work(live(), std::move(stop)); }));
    });
}

}  // namespace
