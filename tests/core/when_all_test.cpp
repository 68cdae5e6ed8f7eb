#include <twill/core/when_all.hpp>

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
using twill::when_all;

TEST(WhenAll, GivesTheResultsOfAllInTheirOrder) {
    run([]() -> task<> {
        int place = 0;
        auto refer = [&]() -> task<int&> { co_return place; };
        auto [number, nothing, text, pointer, reference] =
            co_await when_all(give_later(1), twill::yield(), give(std::string("b")),
                              give(std::make_unique<int>(4)), refer());
        static_assert(std::is_same_v<decltype(nothing), std::monostate>);
        EXPECT_EQ(number, 1);
        EXPECT_EQ(text, "b");
        EXPECT_EQ(*pointer, 4);
        EXPECT_EQ(&reference, &place);
    });
}

TEST(WhenAll, RunsThemSideBySide) {
    run({.event_threads = 1}, []() -> task<> {
        std::string order;
        auto step = [&](char name) -> task<> {
            for (int i = 0; i < 2; ++i) {
                order += name;
                co_await twill::yield();
            }
        };
        co_await when_all(step('a'), step('b'));
        EXPECT_EQ(order, "abab");
    });
}

TEST(WhenAll, FirstFailureCancelsTheOthersAndIsThrown) {
    run([]() -> task<> {
        bool cut_short = false;
        auto waits = [&]() -> task<> { cut_short = co_await throws<twill::cancelled>(for_ever()); };
        EXPECT_TRUE(co_await throws<failure>(when_all(waits(), fail(1))));
        EXPECT_TRUE(cut_short);
    });
}

TEST(WhenAll, OfAVectorGivesAVector) {
    run([]() -> task<> {
        std::vector<task<int>> many;
        for (int i = 0; i < 1000; ++i) many.push_back(give_later(i));
        const std::vector<int> results = co_await when_all(std::move(many));
        EXPECT_EQ(results.size(), 1000U);
        for (int i = 0; i < 1000; ++i) EXPECT_EQ(results[static_cast<std::size_t>(i)], i);

        std::vector<task<>> none;
        co_await when_all(std::move(none));

        std::vector<task<bool>> flags;
        flags.push_back(give(true));
        EXPECT_TRUE((co_await when_all(std::move(flags)))[0]);
    });
}

TEST(WhenAll, OfAVectorThrowsTheFirstFailure) {
    run([]() -> task<> {
        std::vector<task<>> many;
        many.push_back(for_ever());
        for (int i = 0; i < 10; ++i) many.push_back(fail(i));
        int first = -1;
        try {
            co_await when_all(std::move(many));
        } catch (const failure& e) {
            first = e.number;
        }
        EXPECT_EQ(first, 0);
    });
}

TEST(WhenAll, MemberThatGivesUpCutsTheWholeShort) {
    run([]() -> task<> {
        auto gives_up = []() -> task<int> {
            throw twill::cancelled();
            co_return 1;
        };
        EXPECT_TRUE(co_await throws<twill::cancelled>(when_all(gives_up(), give(2))));
    });
}

TEST(WhenAll, CutAnywhereLeavesNothingBehind) {
    cancel_everywhere([]() -> task<> {
        auto work = [](live, int turns) -> task<live> {
            for (int i = 0; i < turns; ++i) co_await twill::yield();
            co_await twill::sleep(1us);
            co_return live();
        };
        auto both = co_await when_all(work(live(), 1), work(live(), 3));
        std::vector<task<live>> many;
        for (int i = 0; i < 3; ++i) many.push_back(work(live(), i));
        auto rest = co_await when_all(std::move(many));
        co_await twill::yield();
    });
}

}  // namespace
