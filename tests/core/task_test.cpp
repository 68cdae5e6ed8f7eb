#include <twill/core/task.hpp>

#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/shield.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/core/when_all.hpp>
#include <twill/core/when_any.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/live.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using namespace twill_test;
using twill::run;
using twill::task;

static_assert(!std::is_copy_constructible_v<task<int>>);
static_assert(!std::is_copy_assignable_v<task<int>>);
static_assert(std::is_nothrow_move_constructible_v<task<int>>);

// Awaited once: only an rvalue can be.
template <class A>
concept can_be_awaited = requires(A what) { static_cast<A>(what).operator co_await(); };
static_assert(can_be_awaited<task<int>&&>);
static_assert(!can_be_awaited<task<int>&>);
static_assert(!can_be_awaited<const task<int>&>);

TEST(Task, NothingRunsBeforeItIsAwaited) {
    run([]() -> task<> {
        bool ran = false;
        auto body = [&]() -> task<> {
            ran = true;
            co_return;
        };
        auto lazy = body();
        EXPECT_FALSE(ran);
        co_await std::move(lazy);
        EXPECT_TRUE(ran);
    });
}

TEST(Task, GivesValuesOfAllKinds) {
    run([]() -> task<> {
        EXPECT_EQ(co_await give(7), 7);
        EXPECT_EQ(co_await give(std::string("text")), "text");

        auto pointer = co_await give(std::make_unique<int>(5));
        EXPECT_EQ(*pointer, 5);

        int place = 1;
        auto refer = [&]() -> task<int&> { co_return place; };
        int& same = co_await refer();
        EXPECT_EQ(&same, &place);

        auto refer_const = [&]() -> task<const int&> { co_return place; };
        EXPECT_EQ(&co_await refer_const(), &place);

        auto nothing = []() -> task<> { co_return; };
        co_await nothing();
    });
}

struct no_default {
    explicit no_default(int n) noexcept : number(n) {}
    no_default(no_default&&) noexcept = default;
    no_default& operator=(no_default&&) = delete;
    int number;
};

TEST(Task, ResultNeedsNoDefaultConstructorAndNoAssignment) {
    run([]() -> task<> {
        auto body = []() -> task<no_default> { co_return no_default(3); };
        EXPECT_EQ((co_await body()).number, 3);
    });
}

TEST(Task, WhatItThrowsIsThrownWhereItIsAwaited) {
    run([]() -> task<> {
        auto outer = []() -> task<int> {
            co_await twill::yield();
            co_await fail(4);
            co_return 1;
        };
        int caught = 0;
        try {
            co_await outer();
        } catch (const failure& e) {
            caught = e.number;
        }
        EXPECT_EQ(caught, 4);
    });
}

TEST(Task, ArgumentsAndLocalsEndWithItAlsoWhenItThrows) {
    const int before = live::count.load();
    run([&]() -> task<> {
        auto body = [](live /*argument*/, bool bad) -> task<> {
            live local;
            co_await twill::yield();
            if (bad) throw failure(1);
        };
        co_await body(live(), false);
        EXPECT_EQ(live::count.load(), before);
        EXPECT_TRUE(co_await throws<failure>(body(live(), true)));
        EXPECT_EQ(live::count.load(), before);
    });
}

TEST(Task, NeverAwaitedItFreesItsArguments) {
    const int before = live::count.load();
    {
        auto body = [](live /*argument*/) -> task<> { co_return; };
        auto unused = body(live());
        EXPECT_EQ(live::count.load(), before + 1);
        auto moved = std::move(unused);
        EXPECT_TRUE(unused.empty());  // NOLINT: what a move leaves is part of the contract
        EXPECT_FALSE(moved.empty());
        moved = task<>();
        EXPECT_EQ(live::count.load(), before);
    }
    EXPECT_EQ(live::count.load(), before);
}

TEST(Task, ItsResultIsDestroyedOnceAlsoWhenNobodyTakesIt) {
    const int before = live::count.load();
    run([&]() -> task<> {
        static_cast<void>(co_await give(live()));
        EXPECT_EQ(live::count.load(), before);
    });
    EXPECT_EQ(live::count.load(), before);
}

struct throws_on_second_move {
    throws_on_second_move() = default;
    throws_on_second_move(throws_on_second_move&& other) : moves(other.moves + 1) {
        if (moves == 2) throw failure(moves);
    }
    int moves = 0;
    live counted;
};

TEST(Task, ResultThatThrowsOnItsWayOutArrivesAsThatException) {
    const int before = live::count.load();
    run([]() -> task<> {
        // The first move is into the promise, the second out of it.
        auto body = []() -> task<throws_on_second_move> { co_return throws_on_second_move(); };
        EXPECT_TRUE(co_await throws<failure>(body()));
    });
    EXPECT_EQ(live::count.load(), before);
}

struct throws_on_move {
    throws_on_move() = default;
    throws_on_move(throws_on_move&& /*other*/) { throw failure(9); }
    live counted;
};

TEST(Task, ResultThatThrowsOnItsWayInArrivesAsThatException) {
    const int before = live::count.load();
    run([]() -> task<> {
        auto body = []() -> task<throws_on_move> { co_return throws_on_move(); };
        EXPECT_TRUE(co_await throws<failure>(body()));
    });
    EXPECT_EQ(live::count.load(), before);
}

struct throws_at_its_end {
    throws_at_its_end() = default;
    throws_at_its_end(const throws_at_its_end&) = default;
    // What a careless guard does; the value that was returned already must not leak.
    ~throws_at_its_end() noexcept(false) { throw failure(2); }
};

TEST(Task, LocalThatThrowsAfterTheReturnReplacesTheResult) {
    const int before = live::count.load();
    run([]() -> task<> {
        auto body = []() -> task<live> {
            throws_at_its_end guard;
            co_return live();
        };
        EXPECT_TRUE(co_await throws<failure>(body()));
    });
    EXPECT_EQ(live::count.load(), before);
}

TEST(Task, AwaitedASecondTimeItIsRefused) {
    run([]() -> task<> {
        auto once = give(7);
        const auto the_same = [&] { return std::move(once); };
        EXPECT_EQ(co_await std::move(once), 7);
        EXPECT_TRUE(co_await throws<twill::usage_error>(the_same()));
        EXPECT_TRUE(co_await throws<twill::usage_error>(the_same())) << "empty now";
    });
}

TEST(Task, EmptyOneIsRefusedWhereverItIsPassed) {
    EXPECT_THROW(run([] { return task<int>(); }), twill::usage_error);
    run([]() -> task<> {
        using twill::usage_error;
        const auto empty = [] { return task<int>(); };
        EXPECT_TRUE(co_await throws<usage_error>(twill::when_all(empty(), for_ever())));
        EXPECT_TRUE(co_await throws<usage_error>(twill::when_any(for_ever(), empty())));
        EXPECT_TRUE(co_await throws<usage_error>(twill::with_timeout(twill::duration(1), empty())));
        EXPECT_TRUE(co_await throws<usage_error>(twill::shield(empty(), twill::duration(1))));
        EXPECT_TRUE(co_await throws<usage_error>(twill::scope([&](auto) { return empty(); })));
        EXPECT_TRUE(co_await throws<usage_error>(twill::scope([](twill::scope_ref s) -> task<> {
            s.spawn([] { return task<>(); });
            co_await for_ever();
        })));
        std::vector<task<int>> several(2);
        EXPECT_TRUE(co_await throws<usage_error>(twill::when_all(std::move(several))));
    });
}

TEST(Task, MillionAwaitedInARowUseNoStack) {
    const int sum = run([]() -> task<int> {
        int total = 0;
        for (int i = 0; i < 1'000'000; ++i) total += co_await give(1);
        co_return total;
    });
    EXPECT_EQ(sum, 1'000'000);
}

task<int> depth(int below) {
    if (below == 0) co_return 0;
    co_return 1 + co_await depth(below - 1);
}

TEST(Task, ChainOfHundredThousandUsesNoStackOnTheWayInAndOut) {
    EXPECT_EQ(run([] { return depth(100'000); }), 100'000);
}

task<int> depth_with_failure(int below) {
    live counted;
    if (below == 0) throw failure(0);
    co_return 1 + co_await depth_with_failure(below - 1);
}

TEST(Task, FailureUnwindsALongChainStepByStep) {
    const int before = live::count.load();
    EXPECT_THROW(run([] { return depth_with_failure(20'000); }), failure);
    EXPECT_EQ(live::count.load(), before);
}

TEST(Task, AwaitableThatIsNoTaskBecomesOne) {
    bool went_on = false;
    run([&]() -> task<> {
        task<> yields = twill::as_task(twill::yield());
        co_await std::move(yields);
        went_on = true;
    });
    EXPECT_TRUE(went_on);
}

}  // namespace
