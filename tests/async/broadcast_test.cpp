#include <twill/async/broadcast.hpp>

#include <twill/async/select.hpp>
#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/runtime/runtime.hpp>

#include "crowd.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/live.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::broadcast;
using twill::listener;
using twill::run;
using twill::task;

TEST(broadcast, every_listener_gets_every_message_from_its_start_on) {
    run({}, []() -> task<> {
        broadcast<std::unique_ptr<int>> news(4);
        listener<std::unique_ptr<int>> early(news);
        news.send(std::make_unique<int>(1));
        listener<std::unique_ptr<int>> late(news);
        news.send(std::make_unique<int>(2));
        news.close();
        std::vector<int> got;
        while (auto one = co_await early.receive()) {
            got.push_back(*one->value());
            EXPECT_EQ(one->missed(), 0U);
        }
        EXPECT_EQ(got, (std::vector{1, 2}));
        EXPECT_EQ(*late.try_receive()->value(), 2);
        EXPECT_FALSE(late.try_receive());
        EXPECT_FALSE(news.send(nullptr)) << "it is closed";
    });
}

TEST(broadcast, one_that_lags_is_told_how_many_it_missed) {
    broadcast<int> news(3);
    listener<int> slow(news);
    for (int i = 0; i < 10; ++i) news.send(i);
    EXPECT_EQ(slow.behind(), 10U);
    const auto first = slow.try_receive();
    EXPECT_EQ(first->missed(), 7U);
    EXPECT_EQ(first->value(), 7);
    const auto second = slow.receive_blocking();
    EXPECT_EQ(second->missed(), 0U);
    EXPECT_EQ(second->value(), 8);
    for (int i = 10; i < 13; ++i) news.send(i);
    EXPECT_EQ(slow.try_receive()->missed(), 1U) << "the 9";
}

TEST(broadcast, wakes_all_who_wait) {
    run({}, []() -> task<> {
        broadcast<int> news(1);
        int sum = 0;
        int ended = 0;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            for (int i = 0; i < 3; ++i)
                s.spawn([&]() -> task<> {
                    listener<int> mine(news);
                    while (auto one = co_await mine.receive()) sum += one->value();
                    ++ended;
                });
            co_await twill::yield();
            news.send(7);
            co_await twill::yield();
            news.close();
        });
        EXPECT_EQ(sum, 21);
        EXPECT_EQ(ended, 3);
    });
}

TEST(broadcast, message_is_made_once_and_freed_with_the_last_who_has_it) {
    const int before = live::count.load();
    {
        broadcast<live> news(2);
        listener<live> mine(news);
        for (int i = 0; i < 5; ++i) news.send(live());
        EXPECT_EQ(live::count.load(), before + 2);
        const auto kept = mine.try_receive()->share();
        for (int i = 0; i < 5; ++i) news.send(live());
        EXPECT_EQ(live::count.load(), before + 3);
    }
    EXPECT_EQ(live::count.load(), before);
}

TEST(broadcast, of_no_capacity_is_refused) { EXPECT_THROW(broadcast<int>(0), twill::usage_error); }

TEST(broadcast, is_a_case_of_select) {
    run({}, []() -> task<> {
        broadcast<int> one(4);
        broadcast<int> other(4);
        listener<int> of_one(one);
        listener<int> of_other(other);
        one.send(1);
        other.send(2);
        int sum = 0;
        const auto add = [&](const auto& got) { sum += got->value(); };
        for (int i = 0; i < 2; ++i)
            co_await twill::select(twill::on(of_one.receive(), add),
                                   twill::on(of_other.receive(), add));
        EXPECT_EQ(sum, 3);
    });
}

TEST(broadcast, cut_anywhere_loses_no_message) {
    cancel_everywhere([]() -> task<> {
        broadcast<live> news(8);
        listener<live> one(news);
        listener<live> other(news);
        std::size_t sent = 0;
        std::size_t got_by_one = 0;
        std::size_t got_by_other = 0;
        std::exception_ptr cut;
        try {
            co_await twill::scope([&](twill::scope_ref s) -> task<> {
                s.spawn([&]() -> task<> {
                    while (got_by_one < 3)
                        if (co_await one.receive()) ++got_by_one;
                });
                s.spawn([&]() -> task<> {
                    while (got_by_other < 3)
                        co_await twill::select(
                            twill::on(other.receive(),
                                      [&](const auto& got) { got_by_other += got ? 1 : 0; }),
                            twill::on(twill::sleep(1h), [] {}));
                });
                s.spawn([&]() -> task<> {
                    for (int i = 0; i < 3; ++i) {
                        co_await twill::yield();
                        news.send(live());
                        ++sent;
                    }
                });
                co_return;
            });
        } catch (...) {
            cut = std::current_exception();
        }
        while (one.try_receive()) ++got_by_one;
        while (other.try_receive()) ++got_by_other;
        EXPECT_EQ(got_by_one, sent);
        EXPECT_EQ(got_by_other, sent);
        if (cut) std::rethrow_exception(cut);
    });
}

TEST(broadcast, tasks_threads_and_workers_get_the_same_in_the_same_order) {
    static constexpr int each = 2'000;
    broadcast<int> news(16);
    std::vector<std::unique_ptr<listener<int>>> listeners;
    for (int i = 0; i < 8; ++i) listeners.push_back(std::make_unique<listener<int>>(news));
    // Whatever it got and missed is all there was, in order.
    const auto follow = [](int& next, const twill::broadcast_message<int>& got) {
        next += static_cast<int>(got.missed());
        EXPECT_EQ(got.value(), next);
        ++next;
    };
    crowd(
        {.tasks = 3, .threads = 3, .computing = 2},
        [&](int number) -> task<> {
            if (number == 0) {
                for (int i = 0; i < each; ++i) {
                    news.send(i);
                    if (i % 8 == 0) co_await twill::yield();
                }
                news.close();
                co_return;
            }
            int next = 0;
            auto& mine = *listeners[static_cast<std::size_t>(number)];
            while (auto got = co_await mine.receive()) follow(next, *got);
            EXPECT_EQ(next, each);
        },
        [&](int number) {
            int next = 0;
            auto& mine = *listeners[static_cast<std::size_t>(number)];
            while (auto got = mine.receive_blocking()) follow(next, *got);
            EXPECT_EQ(next, each);
        });
}

}  // namespace
