#include <twill/core/task_local.hpp>

#include <twill/async/map.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/timeout.hpp>
#include <twill/core/when_all.hpp>
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
using twill::task_local;

task_local<std::string> name("nobody");
task_local<int> number;

task<std::string> name_later() {
    co_await twill::yield();
    co_return co_await name.get();
}

TEST(TaskLocal, GivesWhatWasBoundAboveAndOtherwiseTheDefault) {
    run([]() -> task<> {
        EXPECT_EQ(co_await name.get(), "nobody");
        EXPECT_EQ(co_await number.get(), 0);
        EXPECT_EQ(co_await name.with("ann", name_later()), "ann");
        EXPECT_EQ(co_await name.get(), "nobody");
    });
}

TEST(TaskLocal, TheInnermostBindingCountsAndEndsWithItsTask) {
    run([]() -> task<> {
        auto outer = []() -> task<> {
            EXPECT_EQ(co_await name.with("bob", name_later()), "bob");
            EXPECT_EQ(co_await name_later(), "ann");
            auto both = []() -> task<> {
                EXPECT_EQ(co_await number.get(), 7);
                EXPECT_EQ(co_await name.get(), "ann");
            };
            co_await number.with(7, both());
            EXPECT_EQ(co_await number.get(), 0);
        };
        co_await name.with("ann", outer());
    });
}

TEST(TaskLocal, IsInheritedByWhateverIsSpawnedBelow) {
    run([]() -> task<> {
        auto request = []() -> task<> {
            std::string of_child;
            co_await twill::scope([&](twill::scope_ref s) -> task<> {
                s.spawn([&]() -> task<> { of_child = co_await name_later(); });
                co_return;
            });
            EXPECT_EQ(of_child, "ann");
            const auto [left, right] = co_await twill::when_all(name_later(), name_later());
            EXPECT_EQ(left, "ann");
            EXPECT_EQ(right, "ann");
            EXPECT_EQ(co_await twill::with_timeout(1h, name_later()), "ann");
            const auto all =
                co_await twill::map(std::vector<int>{1, 2, 3}, [](int) { return name_later(); });
            EXPECT_EQ(all, (std::vector<std::string>(3, "ann")));
        };
        co_await name.with("ann", request());
    });
}

TEST(TaskLocal, SiblingsHaveTheirOwn) {
    run([]() -> task<> {
        const auto [a, b, c] = co_await twill::when_all(name.with("a", name_later()),
                                                        name.with("b", name_later()), name_later());
        EXPECT_EQ(a, "a");
        EXPECT_EQ(b, "b");
        EXPECT_EQ(c, "nobody");
    });
}

TEST(TaskLocal, ValueLivesUntilTheWorkHasEnded) {
    static task_local<std::shared_ptr<live>> kept;
    run([]() -> task<> {
        auto look = []() -> task<> {
            co_await twill::yield();
            EXPECT_EQ((co_await kept.get()).use_count(), 1);
        };
        co_await kept.with(std::make_shared<live>(), look());
        EXPECT_EQ(live::count.load(), 0);
        EXPECT_TRUE(co_await throws<failure>(kept.with(std::make_shared<live>(), fail(1))));
        EXPECT_EQ(live::count.load(), 0);
    });
    cancel_everywhere(
        []() -> task<> { co_await kept.with(std::make_shared<live>(), give_later(1)); });
}

TEST(TaskLocal, BelowAnotherBindingOfTheSameDepthIsNotConfused) {
    run([]() -> task<> {
        static task_local<std::string> other("other");
        EXPECT_EQ(co_await other.with("x", name_later()), "nobody");
    });
}

}  // namespace
