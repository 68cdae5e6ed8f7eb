#include <twill/core/scope.hpp>

#include <twill/core/cancellation.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/cancel_everywhere.hpp"
#include "support/live.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::run;
using twill::scope;
using twill::scope_ref;
using twill::task;

TEST(Scope, EndsWhenAllOfItsChildrenHaveEnded) {
    run({.event_threads = 1}, []() -> task<> {
        int ended = 0;
        co_await scope([&](scope_ref s) -> task<> {
            for (int i = 0; i < 10; ++i)
                s.spawn([&]() -> task<> {
                    for (int j = 0; j < 5; ++j) co_await twill::yield();
                    ++ended;
                });
            EXPECT_EQ(ended, 0) << "a child started inside spawn";
            co_return;
        });
        EXPECT_EQ(ended, 10);
    });
}

TEST(Scope, GivesWhatItsBodyGives) {
    run([]() -> task<> {
        EXPECT_EQ(co_await scope([](scope_ref) { return give(3); }), 3);
        auto p = co_await scope([](scope_ref) { return give(std::make_unique<int>(4)); });
        EXPECT_EQ(*p, 4);
    });
}

TEST(Scope, FirstFailureCancelsTheRestAndIsThrownAfterThem) {
    run([]() -> task<> {
        bool sibling_saw_it = false;
        bool body_saw_it = false;
        int caught = 0;
        try {
            co_await scope([&](scope_ref s) -> task<> {
                s.spawn([&]() -> task<> {
                    sibling_saw_it = co_await throws<twill::cancelled>(for_ever());
                });
                s.spawn([]() -> task<> { co_await fail(7); });
                body_saw_it = co_await throws<twill::cancelled>(for_ever());
            });
        } catch (const failure& e) {
            caught = e.number;
        }
        EXPECT_EQ(caught, 7);
        EXPECT_TRUE(sibling_saw_it);
        EXPECT_TRUE(body_saw_it);
    });
}

TEST(Scope, FurtherFailuresAreReportedOldestFirstUpToTheCap) {
    run([]() -> task<> {
        std::vector<std::exception_ptr> others;
        int first = -1;
        try {
            co_await scope(
                [](scope_ref s) -> task<> {
                    for (int i = 0; i < 100; ++i) s.spawn(fail, i);
                    co_return;
                },
                {.other_failures = &others});
        } catch (const failure& e) {
            first = e.number;
        }
        EXPECT_EQ(first, 0);
        EXPECT_EQ(others.size(), twill::detail::group::most_kept_failures);
        int expected = 1;
        for (const auto& each : others) {
            try {
                std::rethrow_exception(each);
            } catch (const failure& e) {
                EXPECT_EQ(e.number, expected++);
            }
        }
    });
}

TEST(Scope, FailureOfTheBodyCancelsTheChildren) {
    run([]() -> task<> {
        bool child_saw_it = false;
        auto failing = scope([&](scope_ref s) -> task<> {
            s.spawn(
                [&]() -> task<> { child_saw_it = co_await throws<twill::cancelled>(for_ever()); });
            co_await twill::yield();
            throw failure(1);
        });
        EXPECT_TRUE(co_await throws<failure>(std::move(failing)));
        EXPECT_TRUE(child_saw_it);
    });
}

TEST(Scope, CancelledByItselfItEndsWithoutAnError) {
    run({.event_threads = 1}, []() -> task<> {
        int children_cut = 0;
        co_await scope([&](scope_ref s) -> task<> {
            for (int i = 0; i < 3; ++i)
                s.spawn([&]() -> task<> {
                    if (co_await throws<twill::cancelled>(for_ever())) ++children_cut;
                });
            co_await twill::yield();
            s.cancel();
            EXPECT_TRUE(s.cancel_requested());
            co_await twill::yield();  // cuts the body, too
            ADD_FAILURE() << "a suspension in a cancelled scope did not throw";
        });
        EXPECT_EQ(children_cut, 3);
        EXPECT_FALSE(co_await twill::cancel_requested());
    });
}

TEST(Scope, WhoseBodyOwesAValueThrowsWhenItWasCutShort) {
    run([]() -> task<> {
        auto cut_short = scope([](scope_ref s) -> task<int> {
            s.cancel();
            co_await twill::yield();
            co_return 1;
        });
        EXPECT_TRUE(co_await throws<twill::cancelled>(std::move(cut_short)));
        const int complete = co_await scope([](scope_ref s) -> task<int> {
            s.cancel();
            co_return 1;
        });
        EXPECT_EQ(complete, 1);
    });
}

TEST(Scope, CancelledFromOutsideItJoinsItsChildrenAndThrows) {
    run([]() -> task<> {
        bool child_ended = false;
        bool scope_threw = false;
        co_await scope([&](scope_ref outer) -> task<> {
            outer.spawn([&]() -> task<> {
                scope_threw = co_await throws<twill::cancelled>(scope([&](scope_ref s) -> task<> {
                    s.spawn([&]() -> task<> {
                        co_await throws<twill::cancelled>(for_ever());
                        child_ended = true;
                    });
                    co_await for_ever();
                }));
                EXPECT_TRUE(child_ended);
            });
            co_await twill::yield();
            co_await twill::yield();
            outer.cancel();
        });
        EXPECT_TRUE(scope_threw);
    });
}

TEST(Scope, ChildThatGivesUpByItselfIsNoFailure) {
    run([]() -> task<> {
        co_await scope([](scope_ref s) -> task<> {
            s.spawn([]() -> task<> {
                throw twill::cancelled();
                co_return;
            });
            co_await twill::yield();
            EXPECT_FALSE(s.cancel_requested());
        });
    });
}

TEST(Scope, ChildSpawnedIntoACancelledScopeStartsAndIsCutAtItsFirstSuspension) {
    run([]() -> task<> {
        bool started = false;
        bool went_on = false;
        co_await scope([&](scope_ref s) -> task<> {
            s.cancel();
            s.spawn([&]() -> task<> {
                started = true;
                co_await twill::yield();
                went_on = true;
            });
            co_return;
        });
        EXPECT_TRUE(started);
        EXPECT_FALSE(went_on);
    });
}

TEST(Scope, CapturesAndArgumentsLiveUntilTheChildHasEnded) {
    const int before = live::count.load();
    run([&]() -> task<> {
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([text = std::string(100, 'x'), counted = live()]() -> task<> {
                for (int i = 0; i < 3; ++i) {
                    co_await twill::yield();
                    EXPECT_EQ(text, std::string(100, 'x'));
                }
            });
            // References to the kept copies: they hold as long as the child runs.
            s.spawn(
                [](std::string&& text, std::unique_ptr<int>&& number) -> task<> {
                    co_await twill::yield();
                    EXPECT_EQ(text, "argument");
                    EXPECT_EQ(*number, 3);
                },
                std::string("argument"), std::make_unique<int>(3));
            co_return;
        });
        EXPECT_EQ(live::count.load(), before);
    });
}

TEST(Scope, ChildrenSpawnFurtherChildren) {
    run([]() -> task<> {
        twill::atomic<int> count{0};
        co_await scope([&](scope_ref s) -> task<> {
            struct grow {
                scope_ref into;
                twill::atomic<int>* count;
                task<> operator()(int levels) {
                    count->fetch_add(1);
                    co_await twill::yield();
                    if (levels == 0) co_return;
                    into.spawn(*this, levels - 1);
                    into.spawn(*this, levels - 1);
                }
            };
            s.spawn(grow{s, &count}, 9);
            co_return;
        });
        EXPECT_EQ(count.load(), 1023);
    });
}

TEST(Scope, PlainFunctionsAreChildrenToo) {
    run({.event_threads = 1}, []() -> task<> {
        std::string order;
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&] { order += "b"; });
            s.spawn([&](char c) { order += c; }, 'c');
            order += "a";
            co_return;
        });
        EXPECT_EQ(order, "abc");
        auto failing = scope([](scope_ref s) -> task<> {
            s.spawn([] { throw failure(1); });
            co_await for_ever();
        });
        EXPECT_TRUE(co_await throws<failure>(std::move(failing)));
    });
}

// Which is made by the child itself, and lives as long as it is awaited.
struct value_in_two_turns {
    twill::detail::yield_operation operator co_await() const noexcept { return {}; }
    live here;
};

TEST(Scope, CallableMayGiveAnythingThatCanBeAwaited) {
    run({.event_threads = 1}, []() -> task<> {
        const auto before = live::count.load();
        twill::duration slept{};
        const auto start = twill::now();
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn(twill::sleep, 1ms);
            s.spawn([] { return twill::sleep(1ms); });
            s.spawn([] { return value_in_two_turns(); });
            co_await twill::yield();
            EXPECT_EQ(live::count.load(), before + 1) << "awaited and gone, or never made";
        });
        slept = twill::now() - start;
        EXPECT_GE(slept, 1ms) << "the scope ended before what it spawned";
        EXPECT_EQ(live::count.load(), before);
    });
}

TEST(Scope, AwaitableOfAChildIsCancelledAndFailsAsATaskDoes) {
    run([]() -> task<> {
        co_await scope([](scope_ref s) -> task<> {
            s.spawn(twill::sleep, 1h);
            s.spawn([s] { s.cancel(); });
            co_return;
        });
        const auto failing = [] { return twill::with_timeout(1us, for_ever()); };
        EXPECT_TRUE(co_await throws<twill::timed_out>(scope([&](scope_ref s) -> task<> {
            s.spawn(failing);
            co_return;
        })));
    });
}

TEST(Scope, CallableThatThrowsBeforeItGivesATaskIsAFailedChild) {
    run([]() -> task<> {
        auto failing = scope([](scope_ref s) -> task<> {
            s.spawn([]() -> task<> { throw failure(1); });
            co_await for_ever();
        });
        EXPECT_TRUE(co_await throws<failure>(std::move(failing)));
    });
}

struct throws_on_copy {
    throws_on_copy() = default;
    throws_on_copy(const throws_on_copy&) { throw std::bad_alloc(); }
    task<> operator()() const { co_return; }
    task<> with(const throws_on_copy& /*other*/) const { co_return; }
    live counted;
};

TEST(Scope, SpawnThatThrowsHasSpawnedNothing) {
    const int before = live::count.load();
    run([]() -> task<> {
        bool sibling_ended = false;
        co_await scope([&](scope_ref s) -> task<> {
            const throws_on_copy bad;
            EXPECT_THROW(s.spawn(bad), std::bad_alloc);
            EXPECT_THROW(s.spawn([](const throws_on_copy&) -> task<> { co_return; }, bad),
                         std::bad_alloc);
            s.spawn([&]() -> task<> {
                co_await twill::yield();
                sibling_ended = true;
            });
            co_return;
        });
        EXPECT_TRUE(sibling_ended);
    });
    EXPECT_EQ(live::count.load(), before);
}

TEST(Scope, BodyThatThrowsBeforeItGivesATask) {
    run([]() -> task<> {
        auto failing = scope([](scope_ref) -> task<> { throw failure(1); });
        EXPECT_TRUE(co_await throws<failure>(std::move(failing)));
    });
}

// Exceptions are slow under the sanitizers.
#if defined(TWILL_ASAN) || defined(TWILL_TSAN)
constexpr int many = 20'000;
#else
constexpr int many = 100'000;
#endif

TEST(Scope, ManyChildrenAreCancelledAtOnce) {
    const int before = live::count.load();
    run({.event_threads = 1}, []() -> task<> {
        int ended = 0;
        co_await scope([&](scope_ref s) -> task<> {
            for (int i = 0; i < many; ++i)
                s.spawn([&, counted = live()]() -> task<> {
                    ++ended;
                    co_await for_ever();
                });
            co_await twill::yield();
            EXPECT_EQ(ended, many);
            s.cancel();
        });
    });
    EXPECT_EQ(live::count.load(), before);
}

// The first failure used to be followed by a walk over all siblings for each further one.
TEST(Scope, ManyFailingChildrenTakeLinearTime) {
    run([]() -> task<> {
        auto failing = scope([](scope_ref s) -> task<> {
            for (int i = 0; i < many; ++i) s.spawn([] { throw failure(1); });
            co_return;
        });
        EXPECT_TRUE(co_await throws<failure>(std::move(failing)));
    });
}

task<> nested(int levels, bool& reached) {
    if (levels == 0) {
        reached = true;
        co_await for_ever();
    }
    co_await scope([&](scope_ref) { return nested(levels - 1, reached); });
}

TEST(Scope, TenThousandNestedAreCancelledWithABoundedStack) {
    run([]() -> task<> {
        bool reached = false;
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&] { return nested(10'000, reached); });
            while (!reached) co_await twill::yield();
            // A thread whose stack would not hold a recursion over 20,000 contexts.
            pthread_attr_t small;
            pthread_attr_init(&small);
            pthread_attr_setstacksize(&small, 256 << 10);
            pthread_t canceller{};
            pthread_create(
                &canceller, &small,
                [](void* in) -> void* {
                    static_cast<scope_ref*>(in)->cancel();
                    return nullptr;
                },
                &s);
            pthread_join(canceller, nullptr);
            pthread_attr_destroy(&small);
        });
        EXPECT_TRUE(reached);
    });
}

TEST(Scope, IsCancelledFromAnotherThreadThroughABlockingCall) {
    run([]() -> task<> {
        bool cut_short = false;
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> { cut_short = co_await throws<twill::cancelled>(for_ever()); });
            co_await twill::yield();
            std::thread([&] { s.cancel(); }).join();
        });
        EXPECT_TRUE(cut_short);
    });
}

TEST(Scope, InACancelledTaskDoesNotStart) {
    run([]() -> task<> {
        bool started = false;
        co_await scope([&](scope_ref s) -> task<> {
            s.cancel();
            auto inner = scope([&](scope_ref) -> task<> {
                started = true;
                co_return;
            });
            EXPECT_TRUE(co_await throws<twill::cancelled>(std::move(inner)));
        });
        EXPECT_FALSE(started);
    });
}

TEST(Scope, CutAnywhereLeavesNothingBehind) {
    const unsigned suspensions = cancel_everywhere([]() -> task<int> {
        live here;
        const int sum = co_await scope([counted = live()](scope_ref s) -> task<int> {
            for (int i = 0; i < 3; ++i)
                s.spawn(
                    [s, counted = live()](int n) -> task<> {
                        live local;
                        for (int k = 0; k < n; ++k) co_await twill::sleep(1us);
                        s.spawn([inner = live()]() -> task<> {
                            co_await scope([](scope_ref) -> task<> { co_await twill::yield(); });
                        });
                    },
                    i);
            co_await twill::yield();
            co_return 3;
        });
        co_await twill::yield();
        co_return sum;
    });
    EXPECT_GE(suspensions, 12U);
}

TEST(Scope, UnderALimitChildrenBeginInOrderAndNeverMoreAtATime) {
    run({.event_threads = 1}, []() -> task<> {
        int running = 0;
        int most = 0;
        std::vector<int> begun;
        co_await scope(
            [&](scope_ref s) -> task<> {
                for (int i = 0; i < 10; ++i)
                    s.spawn(
                        [&](int number) -> task<> {
                            begun.push_back(number);
                            most = std::max(most, ++running);
                            for (int j = 0; j < 3; ++j) co_await twill::yield();
                            --running;
                        },
                        i);
                co_await twill::yield();
                co_await twill::yield();
                EXPECT_EQ(begun.size(), 3U);
            },
            {.max_concurrency = 3});
        EXPECT_EQ(most, 3);
        EXPECT_EQ(begun, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
    });
}

TEST(Scope, UnderALimitPlainFunctionsAndFailuresGiveTheirPlaceBack) {
    run({.event_threads = 1}, []() -> task<> {
        int ran = 0;
        std::vector<std::exception_ptr> others;
        EXPECT_TRUE(co_await throws<failure>(scope(
            [&](scope_ref s) -> task<> {
                for (int i = 0; i < 5; ++i) {
                    s.spawn([&] { ++ran; });
                    s.spawn([&]() -> task<> {
                        ++ran;
                        return fail(1);
                    });
                }
                co_return;
            },
            {.max_concurrency = 1,
             .on_failure = twill::failure_policy::leave_rest,
             .other_failures = &others})));
        EXPECT_EQ(ran, 10);
        EXPECT_EQ(others.size(), 4U);
    });
}

TEST(Scope, CancelledUnderALimitThoseThatWaitedEndAtTheirFirstSuspension) {
    run({.event_threads = 1}, []() -> task<> {
        int begun = 0;
        int through = 0;
        co_await scope(
            [&](scope_ref s) -> task<> {
                for (int i = 0; i < 5; ++i)
                    s.spawn([&]() -> task<> {
                        ++begun;
                        co_await twill::yield();
                        co_await for_ever();
                        ++through;
                    });
                co_await twill::yield();
                s.cancel();
            },
            {.max_concurrency = 2});
        EXPECT_EQ(begun, 5);
        EXPECT_EQ(through, 0);
    });
}

TEST(Scope, ThatLeavesTheRestRunsAllAndThrowsTheFirstFailure) {
    run([]() -> task<> {
        bool through = false;
        int caught = 0;
        try {
            co_await scope(
                [&](scope_ref s) -> task<> {
                    s.spawn(fail, 1);
                    s.spawn(fail, 2);
                    s.spawn([&]() -> task<> {
                        for (int i = 0; i < 5; ++i) co_await twill::yield();
                        through = true;
                    });
                    co_return;
                },
                {.on_failure = twill::failure_policy::leave_rest});
        } catch (const failure& e) {
            caught = e.number;
        }
        EXPECT_EQ(caught, 1);
        EXPECT_TRUE(through);
    });
}

TEST(Scope, DeadlineCutsBodyAndChildrenShort) {
    run([]() -> task<> {
        bool child_saw_it = false;
        EXPECT_TRUE(co_await throws<twill::timed_out>(scope(
            [&](scope_ref s) -> task<> {
                s.spawn([&]() -> task<> {
                    child_saw_it = co_await throws<twill::cancelled>(for_ever());
                    throw twill::cancelled();
                });
                co_await for_ever();
            },
            {.deadline = twill::after(twill::now(), 1ms)})));
        EXPECT_TRUE(child_saw_it);
        EXPECT_EQ(co_await scope([](scope_ref) { return give_later(4); },
                                 {.deadline = twill::after(twill::now(), 1h)}),
                  4);
    });
}

TEST(Scope, LimitedCancelledAnywhereLeavesNothingBehind) {
    cancel_everywhere([]() -> task<> {
        co_await scope(
            [](scope_ref s) -> task<> {
                for (int i = 0; i < 4; ++i)
                    s.spawn([kept = live()]() -> task<> {
                        co_await twill::yield();
                        co_await twill::yield();
                    });
                co_await twill::yield();
            },
            {.max_concurrency = 2});
    });
}

TEST(Scope, BodyThatThrowsBeforeItGivesATaskLeavesNoChildBehind) {
    run([]() -> task<> {
        bool child_saw_it = false;
        EXPECT_TRUE(co_await throws<failure>(scope([&](scope_ref s) -> task<> {
            s.spawn([&, kept = live()]() -> task<> {
                child_saw_it = co_await throws<twill::cancelled>(for_ever());
            });
            throw failure(1);
        })));
        EXPECT_TRUE(child_saw_it);
        EXPECT_EQ(live::count.load(), 0);
    });
}

}  // namespace
