#include <twill/async/channel_ends.hpp>

#include <twill/async/select.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/cancel_everywhere.hpp"
#include "support/live.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace twill_test;
using twill::open_channel;
using twill::run;
using twill::task;

TEST(channel_ends, last_sender_closes) {
    run({}, []() -> task<> {
        auto [out, in] = open_channel<int>(2);
        int sum = 0;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            for (int i = 0; i < 3; ++i)
                s.spawn(
                    [](twill::sender<int> mine, int from) -> task<> {
                        for (int n = 0; n < 10; ++n) co_await mine.send(from + n);
                    },
                    out, i * 100);
            out.reset();
            while (auto n = co_await in.receive()) sum += *n;
        });
        EXPECT_EQ(sum, 3 * 45 + 3000);
        EXPECT_TRUE(in.is_closed());
    });
}

TEST(channel_ends, last_receiver_refuses_senders_and_destroys_what_is_left) {
    run({}, []() -> task<> {
        const int before = live::count.load();
        auto [out, in] = open_channel<live>(twill::unbounded);
        {
            const auto other = in;
            co_await out.send(live());
            co_await out.send(live());
            in.reset();
            EXPECT_FALSE(out.is_closed());
            EXPECT_TRUE(other.try_receive());
        }
        EXPECT_TRUE(out.is_closed());
        EXPECT_EQ(live::count.load(), before) << "the second one";
        EXPECT_TRUE(co_await throws<twill::channel_closed>(out.send(live())));
    });
}

TEST(channel_ends, copies_moves_and_assignments_count) {
    auto [out, in] = open_channel<int>(1);
    auto copy = out;
    auto moved = std::move(out);
    EXPECT_FALSE(out);  // NOLINT(bugprone-use-after-move): that is the point
    moved = copy;
    copy.reset();
    EXPECT_EQ(moved.try_send(1), twill::send_status::sent);
    auto& self = moved;
    moved = self;
    EXPECT_FALSE(in.is_closed());
    moved.reset();
    std::optional<int> got;
    EXPECT_EQ(in.try_receive(got), twill::receive_status::received);
    EXPECT_EQ(got, 1);
    EXPECT_EQ(in.try_receive(got), twill::receive_status::closed);
    EXPECT_EQ(got, std::nullopt);
    auto [out2, in2] = open_channel<int>(1);
    EXPECT_EQ(in2.try_receive(got), twill::receive_status::empty);
}

TEST(channel_ends, threads_may_give_them_up_in_any_order) {
    for (int round = 0; round < 200; ++round) {
        auto [out, in] = open_channel<int>(1);
        std::vector<std::thread> senders;
        for (int t = 0; t < 3; ++t) senders.emplace_back([mine = out] { mine.send_blocking(1); });
        out.reset();
        int got = 0;
        while (in.receive_blocking()) ++got;
        EXPECT_EQ(got, 3);
        for (auto& each : senders) each.join();
    }
}

TEST(channel_ends, task_that_is_cut_anywhere_gives_its_end_up) {
    cancel_everywhere([]() -> task<> {
        auto [out, in] = open_channel<live>(1);
        std::exception_ptr cut;
        try {
            co_await twill::scope([&](twill::scope_ref s) -> task<> {
                s.spawn(
                    [](twill::sender<live> mine) -> task<> {
                        for (int n = 0; n < 3; ++n)
                            co_await twill::select(mine.send(live()),
                                                   twill::sleep(std::chrono::hours(1)));
                    },
                    std::move(out));
                s.spawn([&]() -> task<> {
                    while (co_await in.receive()) {
                    }
                });
                co_return;
            });
        } catch (...) {
            cut = std::current_exception();
        }
        EXPECT_TRUE(in.is_closed());
        if (cut) std::rethrow_exception(cut);
    });
}

}  // namespace
