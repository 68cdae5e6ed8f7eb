#include <twill/core/callback.hpp>

#include <twill/core/scope.hpp>
#include <twill/core/timeout.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/cancel_everywhere.hpp"
#include "support/live.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::callback;
using twill::from_callback;
using twill::run;
using twill::task;

// A library of the old kind, with a thread that calls back.
class library {
public:
    ~library() { join(); }
    void call_later(std::function<void()> what) {
        threads_.emplace_back([what = std::move(what)]() mutable {
            what();
            what = {};
        });
    }
    void join() {
        for (auto& each : std::exchange(threads_, {})) each.join();
    }

private:
    std::vector<std::thread> threads_;
};

TEST(FromCallback, GivesWhatTheCallbackIsCalledWith) {
    run([]() -> task<> {
        library old;
        EXPECT_EQ(co_await from_callback<int>(
                      [&](callback<int> done) { old.call_later([done] { done(7); }); }),
                  7);
        auto p = co_await from_callback<std::unique_ptr<int>>(
            [](callback<std::unique_ptr<int>> done) { done(std::make_unique<int>(8)); });
        EXPECT_EQ(*p, 8);
        co_await from_callback([&](callback<> done) { old.call_later([done] { done(); }); });
        std::string text = "here";
        EXPECT_EQ(
            &co_await from_callback<std::string&>([&](callback<std::string&> done) { done(text); }),
            &text);
    });
}

TEST(FromCallback, OnlyTheFirstCallCounts) {
    run([]() -> task<> {
        std::optional<callback<int>> kept;
        EXPECT_EQ(co_await from_callback<int>([&](callback<int> done) {
                      kept = done;
                      done(1);
                      done(2);
                      done.fail(std::make_exception_ptr(failure(3)));
                  }),
                  1);
        (*kept)(4);  // the operation has gone
    });
}

TEST(FromCallback, FailuresAreThrownToTheTask) {
    run([]() -> task<> {
        EXPECT_TRUE(co_await throws<failure>(from_callback<int>(
            [](callback<int> done) { done.fail(std::make_exception_ptr(failure(1))); })));
        EXPECT_TRUE(co_await throws<failure>(from_callback(
            [](callback<> done) { done.fail(std::make_exception_ptr(failure(1))); })));
        EXPECT_TRUE(co_await throws<failure>(
            from_callback<int>([](const callback<int>&) { throw failure(1); })));
    });
}

TEST(FromCallback, CallBeforeAThrowIsTheResult) {
    run([]() -> task<> {
        EXPECT_EQ(co_await from_callback<int>([](callback<int> done) {
                      done(1);
                      throw failure(1);
                  }),
                  1);
    });
}

TEST(FromCallback, CallAfterAThrowDoesNothing) {
    run([]() -> task<> {
        std::optional<callback<int>> kept;
        EXPECT_TRUE(co_await throws<failure>(from_callback<int>([&](callback<int> done) {
            kept = done;
            throw failure(1);
        })));
        (*kept)(1);
    });
}

TEST(FromCallback, DroppedByAllItSaysSo) {
    run([]() -> task<> {
        EXPECT_TRUE(co_await throws<twill::callback_abandoned>(
            from_callback<int>([](const callback<int>&) {})));
        library old;
        EXPECT_TRUE(co_await throws<twill::callback_abandoned>(from_callback(
            [&](callback<> done) { old.call_later([done] { static_cast<void>(done); }); })));
    });
}

TEST(FromCallback, CancellationWaitsForTheCall) {
    run([]() -> task<> {
        std::optional<callback<int>> kept;
        std::optional<int> given;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                given = co_await from_callback<int>([&](callback<int> done) { kept = done; });
            });
            co_await twill::yield();
            s.cancel();
            EXPECT_FALSE(given.has_value());
            (*kept)(5);
        });
        EXPECT_EQ(given, 5);
        bool started = false;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.cancel();
            co_await from_callback([&](callback<> done) {
                started = true;
                done();
            });
        });
        EXPECT_FALSE(started);
    });
}

TEST(FromCallback, CancelledAnywhereLeavesNothingBehind) {
    cancel_everywhere([]() -> task<> {
        library old;
        for (int i = 0; i < 3; ++i) {
            co_await from_callback<int>([&, kept = live()](callback<int> done) {
                old.call_later([done, kept] { done(1); });
            });
        }
        old.join();
    });
}

TEST(FromCallback, FromManyThreadsAtOnceGivesOneResult) {
    run([]() -> task<> {
        for (int round = 0; round < 100; ++round) {
            library old;
            const int got = co_await from_callback<int>([&](callback<int> done) {
                for (int i = 0; i < 3; ++i) old.call_later([done, i] { done(i); });
            });
            EXPECT_GE(got, 0);
            EXPECT_LT(got, 3);
        }
    });
}

}  // namespace
