#include <twill/async/watch.hpp>

#include <twill/async/select.hpp>
#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/runtime/runtime.hpp>

#include "crowd.hpp"
#include "support/cancel_everywhere.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::run;
using twill::task;
using twill::watch;
using twill::watcher;

TEST(watch, what_is_there_already_counts_as_seen) {
    run({}, []() -> task<> {
        watch<int> value(1);
        watcher<int> mine(value);
        EXPECT_FALSE(mine.has_changed());
        EXPECT_EQ(*mine.read(), 1);
        value.set(2);
        EXPECT_TRUE(mine.has_changed());
        EXPECT_TRUE(co_await mine.changed());
        EXPECT_FALSE(mine.has_changed());
        EXPECT_EQ(*mine.read(), 2);
    });
}

TEST(watch, wakes_all_who_wait_and_shows_the_newest) {
    run({}, []() -> task<> {
        watch<std::string> value("old");
        std::vector<std::string> seen;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            for (int i = 0; i < 3; ++i)
                s.spawn([&]() -> task<> {
                    watcher<std::string> mine(value);
                    EXPECT_TRUE(co_await mine.changed());
                    seen.push_back(*mine.read());
                    EXPECT_FALSE(mine.has_changed()) << "two changes were one";
                });
            co_await twill::yield();
            value.set("newer");
            value.update([](std::string& text) { text = "newest"; });
            // Those who were woken by the first change have not run yet.
            co_await twill::yield();
        });
        EXPECT_EQ(seen, (std::vector<std::string>(3, "newest")));
    });
}

TEST(watch, close_ends_waiting_after_the_last_change) {
    run({}, []() -> task<> {
        watch<int> value(1);
        watcher<int> late(value);
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                watcher<int> mine(value);
                EXPECT_FALSE(co_await mine.changed());
            });
            co_await twill::yield();
            value.close();
        });
        value.set(2);
        EXPECT_TRUE(co_await late.changed());
        EXPECT_FALSE(co_await late.changed());
        EXPECT_TRUE(value.is_closed());
    });
}

TEST(watch, change_is_a_case_of_select) {
    run({}, []() -> task<> {
        watch<int> one(1);
        watch<int> other(1);
        watcher<int> of_one(one);
        watcher<int> of_other(other);
        other.set(2);
        const auto first = co_await twill::select(of_one.changed(), of_other.changed());
        EXPECT_EQ(first.index(), 1U);
        one.set(2);
        co_await twill::select(of_one.changed(), of_other.changed());
        other.set(3);
        one.set(3);
        co_await twill::select(of_one.changed(), of_other.changed());
        EXPECT_NE(of_one.has_changed(), of_other.has_changed()) << "only one was told";
    });
}

TEST(watch, cut_anywhere_forgets_no_change) {
    cancel_everywhere([]() -> task<> {
        watch<int> value(0);
        watcher<int> mine(value);
        bool told = false;
        std::exception_ptr cut;
        try {
            co_await twill::scope([&](twill::scope_ref s) -> task<> {
                s.spawn([&]() -> task<> { told = co_await mine.changed(); });
                s.spawn([&]() -> task<> {
                    co_await twill::yield();
                    value.set(1);
                });
                co_return;
            });
        } catch (...) {
            cut = std::current_exception();
        }
        EXPECT_EQ(told || mine.has_changed(), *value.read() == 1);
        EXPECT_FALSE(told && mine.has_changed());
        if (cut) std::rethrow_exception(cut);
    });
}

TEST(watch, all_who_follow_come_to_the_last_value) {
    static constexpr int changes = 2'000;
    watch<int> value(0);
    crowd(
        {.tasks = 3, .threads = 3, .computing = 0},
        [&](int number) -> task<> {
            if (number == 0) {
                for (int i = 1; i <= changes; ++i) {
                    value.update([](int& n) { ++n; });
                    if (i % 100 == 0) co_await twill::yield();
                }
                co_return;
            }
            watcher<int> mine(value);
            int last = *mine.read();
            while (last != 2 * changes) {
                co_await mine.changed();
                const int now = *mine.read();
                EXPECT_GE(now, last);
                last = now;
            }
        },
        [&](int number) {
            if (number == 3) {
                for (int i = 1; i <= changes; ++i) value.update([](int& n) { ++n; });
                return;
            }
            watcher<int> mine(value);
            while (*mine.read() != 2 * changes) mine.changed_blocking();
        });
    run({}, [&]() -> task<> {
        watcher<int> mine(value);
        EXPECT_THROW(mine.changed_blocking(), twill::usage_error);
        co_return;
    });
}

}  // namespace
