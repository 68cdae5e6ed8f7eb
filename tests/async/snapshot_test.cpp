#include <twill/async/snapshot.hpp>

#include <twill/core/sleep.hpp>
#include <twill/runtime/runtime.hpp>

#include "crowd.hpp"
#include "support/live.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace twill_test;
using twill::snapshot;
using twill::task;

TEST(snapshot, readers_keep_what_they_have_read) {
    snapshot<std::string> text("first");
    const auto before = text.read();
    text.set("second");
    const auto after = text.read();
    text.set("third");
    EXPECT_EQ(*before, "first");
    EXPECT_EQ(*after, "second");
    EXPECT_EQ(text.read()->size(), 5U);
}

TEST(snapshot, update_changes_a_copy) {
    snapshot<std::map<int, std::string>> table;
    const auto before = table.read();
    table.update([](auto& copy) { copy[1] = "one"; });
    EXPECT_TRUE(before->empty());
    EXPECT_EQ(table.read()->at(1), "one");
}

TEST(snapshot, update_that_throws_changes_nothing) {
    snapshot<int> number(1);
    EXPECT_THROW(number.update([](int& copy) {
        copy = 2;
        throw std::runtime_error("no");
    }),
                 std::runtime_error);
    EXPECT_EQ(*number.read(), 1);
}

TEST(snapshot, frees_what_nobody_reads) {
    const int before = live::count.load();
    {
        snapshot<live> value;
        for (int i = 0; i < 10; ++i) value.set(live());
        EXPECT_EQ(live::count.load(), before + 1) << "nobody has read the others";
        {
            auto kept = value.read();
            auto moved = std::move(kept);
            for (int i = 0; i < 10; ++i) value.set(live());
            EXPECT_EQ(live::count.load(), before + 2);
            moved = value.read();
        }
        value.set(live());
        EXPECT_EQ(live::count.load(), before + 1);
    }
    EXPECT_EQ(live::count.load(), before);
}

TEST(snapshot, view_may_be_taken_by_one_thread_and_given_up_by_another) {
    snapshot<std::string> text("it");
    for (int i = 0; i < 50; ++i) {
        auto view = std::make_unique<twill::snapshot_view<std::string>>(text.read());
        std::thread other([&text, view = std::move(view)]() mutable {
            EXPECT_EQ(**view, "it");
            view.reset();
            const auto own = text.read();
            EXPECT_EQ(*own, "it");
        });
        other.join();
    }
}

TEST(snapshot, many_views_at_once_are_kept_apart) {
    snapshot<int> number(0);
    std::vector<twill::snapshot_view<int>> views;
    for (int i = 0; i < 100; ++i) {
        views.push_back(number.read());
        number.set(i + 1);
    }
    for (int i = 0; i < 100; ++i) EXPECT_EQ(*views[static_cast<std::size_t>(i)], i);
}

// Two words that are changed together are seen together, and no update is lost.
TEST(snapshot, tasks_threads_and_workers_see_whole_values) {
    struct pair {
        std::unique_ptr<int> one = std::make_unique<int>(0);
        long two = 0;
        pair() = default;
        pair(const pair& other) : one(std::make_unique<int>(*other.one)), two(other.two) {}
        pair(pair&&) = default;
    };
    static constexpr int each = 500;
    snapshot<pair> value;
    const auto change = [](pair& copy) {
        ++*copy.one;
        ++copy.two;
    };
    crowd(
        {.tasks = 2, .threads = 3, .computing = 2},
        [&](int) -> task<> {
            for (int i = 0; i < each; ++i) {
                const auto view = value.read();
                const int before = *view->one;
                if (i % 10 == 0) co_await twill::yield();
                EXPECT_EQ(*view->one, view->two);
                EXPECT_EQ(*view->one, before);
                value.update(change);
            }
        },
        [&](int) {
            for (int i = 0; i < each; ++i) {
                value.update(change);
                for (int n = 0; n < 10; ++n) {
                    const auto view = value.read();
                    EXPECT_EQ(*view->one, view->two);
                }
            }
        });
    EXPECT_EQ(value.read()->two, 7L * each);
}

}  // namespace
