#include <twill/core/when_any.hpp>

#include <twill/core/sleep.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/cancel_everywhere.hpp"
#include "support/live.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::run;
using twill::task;
using twill::when_any;

TEST(WhenAny, GivesTheFirstAndJoinsTheCancelledLosers) {
    run([]() -> task<> {
        bool loser_ended = false;
        auto loser = [&]() -> task<int> {
            const bool cut_short = co_await throws<twill::cancelled>(for_ever());
            loser_ended = cut_short;
            co_return 1;
        };
        const auto first = co_await when_any(loser(), give_later(std::string("won")));
        EXPECT_EQ(first.index(), 1U);
        EXPECT_EQ(std::get<1>(first), "won");
        EXPECT_TRUE(loser_ended);
    });
}

TEST(WhenAny, ThrowsWhatTheFirstThrew) {
    run([]() -> task<> { EXPECT_TRUE(co_await throws<failure>(when_any(for_ever(), fail(1)))); });
}

TEST(WhenAny, DropsWhatTheLosersThrow) {
    run([]() -> task<> {
        auto bad_loser = []() -> task<int> {
            co_await throws<twill::cancelled>(for_ever());
            throw failure(1);
        };
        const auto first = co_await when_any(bad_loser(), give_later(2));
        EXPECT_EQ(first.index(), 1U);
    });
}

TEST(WhenAny, OfEqualsGivesTheOneThatEndedFirst) {
    run([]() -> task<> {
        const auto first = co_await when_any(give(1), give(2));
        EXPECT_EQ(first.index(), 0U);
        std::vector<task<int>> many;
        for (int i = 0; i < 5; ++i) many.push_back(i == 3 ? give(i) : give_later(i));
        const auto one = co_await when_any(std::move(many));
        EXPECT_EQ(one.index, 3U);
        EXPECT_EQ(one.value, 3);
    });
}

TEST(WhenAny, OfMoveOnlyResults) {
    run([]() -> task<> {
        auto first = co_await when_any(give(std::make_unique<int>(1)), twill::sleep(1h));
        EXPECT_EQ(*std::get<0>(first), 1);
    });
}

TEST(WhenAny, OfNothingIsRefused) {
    run([]() -> task<> {
        EXPECT_TRUE(co_await throws<twill::usage_error>(when_any(std::vector<task<int>>())));
    });
}

TEST(WhenAny, CutAnywhereLeavesNothingBehind) {
    cancel_everywhere([]() -> task<> {
        auto work = [](live, int turns) -> task<live> {
            for (int i = 0; i < turns; ++i) co_await twill::yield();
            co_await twill::sleep(1us);
            co_return live();
        };
        auto first = co_await when_any(work(live(), 1), work(live(), 3));
        std::vector<task<live>> many;
        for (int i = 0; i < 3; ++i) many.push_back(work(live(), i));
        auto one = co_await when_any(std::move(many));
        co_await twill::yield();
    });
}

}  // namespace
