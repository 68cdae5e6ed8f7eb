#include <twill/async/oneshot.hpp>

#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/cancel_everywhere.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace {

using namespace twill_test;
using twill::oneshot;
using twill::run;
using twill::task;

TEST(oneshot, gives_the_first_value_once) {
    oneshot<std::unique_ptr<int>> answer;
    EXPECT_EQ(answer.try_receive(), std::nullopt);
    EXPECT_TRUE(answer.send(std::make_unique<int>(1)));
    EXPECT_FALSE(answer.send(std::make_unique<int>(2)));
    EXPECT_EQ(**answer.receive_blocking(), 1);
    EXPECT_EQ(answer.receive_blocking(), std::nullopt);
}

TEST(oneshot, has_one_winner_of_many_who_send) {
    for (int round = 0; round < 500; ++round) {
        oneshot<int> answer;
        twill::atomic<int> winners{0};
        twill::atomic<int> winner{-1};
        std::vector<std::thread> senders;
        for (int i = 0; i < 3; ++i)
            senders.emplace_back([&, i] {
                if (!answer.send(i)) return;
                winners.fetch_add(1);
                winner.store(i);
            });
        const std::optional<int> got = answer.receive_blocking();
        for (auto& each : senders) each.join();
        ASSERT_EQ(winners.load(), 1);
        ASSERT_EQ(got, winner.load());
        ASSERT_EQ(answer.try_receive(), std::nullopt);
    }
}

TEST(oneshot, closed_one_gives_nothing) {
    run([]() -> task<> {
        oneshot<int> answer;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> { EXPECT_EQ(co_await answer.receive(), std::nullopt); });
            co_await twill::yield();
            answer.close();
        });
        EXPECT_FALSE(answer.send(1));
    });
}

TEST(oneshot, cut_anywhere_leaves_the_value_where_it_was) {
    cancel_everywhere([]() -> task<> {
        oneshot<int> answer;
        bool got = false;
        std::exception_ptr cut;
        try {
            co_await twill::scope([&](twill::scope_ref s) -> task<> {
                s.spawn([&]() -> task<> { got = co_await answer.receive() == 3; });
                s.spawn([&]() -> task<> {
                    answer.send(3);
                    co_return;
                });
                co_return;
            });
        } catch (...) {
            cut = std::current_exception();
        }
        EXPECT_NE(got, answer.try_receive() == 3) << "it is in one place";
        if (cut) std::rethrow_exception(cut);
    });
}

TEST(oneshot, hands_a_value_from_a_thread_to_a_task) {
    run([]() -> task<> {
        for (int i = 0; i < 500; ++i) {
            oneshot<int> answer;
            std::thread other([&] { answer.send(i); });
            EXPECT_EQ(co_await answer.receive(), i);
            other.join();
        }
    });
}

}  // namespace
