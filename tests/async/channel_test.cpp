#include <twill/async/channel.hpp>

#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/runtime/runtime.hpp>

#include "crowd.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/live.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::channel;
using twill::run;
using twill::send_status;
using twill::task;

TEST(channel, holds_its_capacity_and_keeps_the_order) {
    channel<int> c(3);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(c.try_send(i), send_status::sent);
    EXPECT_EQ(c.try_send(3), send_status::full);
    EXPECT_EQ(c.size(), 3U);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(c.try_receive(), i);
    EXPECT_EQ(c.try_receive(), std::nullopt);
}

TEST(channel, unbounded_one_is_never_full) {
    channel<std::string> c(twill::unbounded);
    for (int i = 0; i < 1'000; ++i) EXPECT_EQ(c.try_send(std::to_string(i)), send_status::sent);
    for (int i = 0; i < 500; ++i) EXPECT_EQ(c.try_receive(), std::to_string(i));
    for (int i = 1'000; i < 3'000; ++i) c.send_blocking(std::to_string(i));
    for (int i = 500; i < 3'000; ++i) EXPECT_EQ(c.receive_blocking(), std::to_string(i));
}

TEST(channel, full_one_makes_senders_wait_their_turn) {
    run([]() -> task<> {
        channel<int> c(1);
        std::vector<int> received;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            for (int i = 0; i < 4; ++i)
                s.spawn([&](int number) -> task<> { co_await c.send(number); }, i);
            co_await twill::yield();
            EXPECT_EQ(c.size(), 1U);
            for (int i = 0; i < 4; ++i) received.push_back(*co_await c.receive());
        });
        EXPECT_EQ(received, (std::vector{0, 1, 2, 3}));
    });
}

TEST(channel, rendezvous_ends_a_send_when_it_is_received) {
    run([]() -> task<> {
        channel<std::unique_ptr<int>> c(0);
        EXPECT_EQ(c.try_send(std::make_unique<int>(0)), send_status::full);
        bool sent = false;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                co_await c.send(std::make_unique<int>(7));
                sent = true;
            });
            co_await twill::yield();
            EXPECT_FALSE(sent);
            EXPECT_EQ(**co_await c.receive(), 7);
            // The other way round: the receiver waits first.
            s.spawn([&]() -> task<> { EXPECT_EQ(**co_await c.receive(), 8); });
            co_await twill::yield();
            EXPECT_EQ(c.try_send(std::make_unique<int>(8)), send_status::sent);
        });
        EXPECT_TRUE(sent);
    });
}

TEST(channel, close_lets_receivers_have_what_is_left_and_refuses_senders) {
    run([]() -> task<> {
        channel<int> c(1);
        co_await c.send(1);
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                EXPECT_TRUE(co_await throws<twill::channel_closed>(c.send(2)));
            });
            co_await twill::yield();
            c.close();
        });
        EXPECT_TRUE(c.is_closed());
        EXPECT_TRUE(co_await throws<twill::channel_closed>(c.send(3)));
        EXPECT_EQ(c.try_send(4), send_status::closed);
        EXPECT_EQ(co_await c.receive(), 1);
        EXPECT_EQ(co_await c.receive(), std::nullopt);
        EXPECT_EQ(co_await c.receive(), std::nullopt);
    });
}

TEST(channel, close_wakes_all_receivers) {
    run({.event_threads = 1}, []() -> task<> {
        channel<int> c(1);
        int ended = 0;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            for (int i = 0; i < 3; ++i)
                s.spawn([&]() -> task<> {
                    EXPECT_EQ(co_await c.receive(), std::nullopt);
                    ++ended;
                });
            co_await twill::yield();
            c.close();
        });
        EXPECT_EQ(ended, 3);
    });
}

TEST(channel, what_was_not_sent_from_a_variable_is_still_there) {
    run([]() -> task<> {
        channel<std::string> c(1);
        std::string text = "first";
        co_await c.send_from(text);
        text = "second";
        EXPECT_TRUE(co_await throws<twill::timed_out>(twill::with_timeout(1ms, c.send_from(text))));
        EXPECT_EQ(text, "second");
        EXPECT_EQ(c.try_send(std::move(text)), send_status::full);
        EXPECT_EQ(text, "second");  // NOLINT(bugprone-use-after-move): that is the point
        c.close();
        EXPECT_TRUE(co_await throws<twill::channel_closed>(c.send_from(text)));
        EXPECT_EQ(text, "second");
    });
}

TEST(channel, value_handed_to_a_task_that_is_cancelled_then_is_kept) {
    run([]() -> task<> {
        channel<int> c(0);
        int got = 0;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> { got = *co_await c.receive(); });
            co_await twill::yield();
            EXPECT_EQ(c.try_send(5), send_status::sent);
            s.cancel();
        });
        EXPECT_EQ(got, 5) << "the value would be lost";
    });
}

TEST(channel, that_always_has_something_lets_others_run) {
    run([]() -> task<> {
        channel<int> c(1);
        bool stop = false;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                while (!stop) {
                    co_await c.send(1);
                    co_await c.receive();
                }
            });
            s.spawn([&] { stop = true; });
            co_return;
        });
    });
}

TEST(channel, blocking_faces_are_refused_on_an_event_thread) {
    run([]() -> task<> {
        channel<int> c(1);
        EXPECT_THROW(c.send_blocking(1), twill::usage_error);
        EXPECT_THROW(static_cast<void>(c.receive_blocking()), twill::usage_error);
        EXPECT_EQ(c.size(), 0U);
        co_return;
    });
}

TEST(channel, destroys_what_nobody_received) {
    const int before = live::count.load();
    {
        channel<live> c(4);
        c.send_blocking(live());
        c.send_blocking(live());
        EXPECT_EQ(live::count.load(), before + 2);
    }
    EXPECT_EQ(live::count.load(), before);
}

// However it is cut: what was sent and what was received differ by what is in the channel.
void cut_anywhere(std::size_t capacity) {
    cancel_everywhere([capacity]() -> task<> {
        channel<live> c(capacity);
        std::size_t sent = 0;
        std::size_t received = 0;
        std::exception_ptr cut;
        try {
            co_await twill::scope([&](twill::scope_ref s) -> task<> {
                for (int i = 0; i < 2; ++i) {
                    s.spawn([&]() -> task<> {
                        for (int n = 0; n < 3; ++n) {
                            co_await c.send(live());
                            ++sent;
                        }
                    });
                    s.spawn([&]() -> task<> {
                        for (int n = 0; n < 3; ++n) {
                            if (co_await c.receive()) ++received;
                        }
                    });
                }
                co_return;
            });
        } catch (...) {
            cut = std::current_exception();
        }
        EXPECT_EQ(sent, received + c.size());
        if (cut) std::rethrow_exception(cut);
    });
}
TEST(channel, rendezvous_cut_anywhere_loses_nothing) { cut_anywhere(0); }
TEST(channel, bounded_one_cut_anywhere_loses_nothing) { cut_anywhere(1); }

TEST(channel, may_be_destroyed_by_who_received) {
    for (int i = 0; i < 3'000; ++i) {
        auto c = std::make_unique<channel<int>>(static_cast<std::size_t>(i % 2));
        std::thread other([&c = *c] { c.send_blocking(1); });
        EXPECT_EQ(c->receive_blocking(), 1);
        c.reset();
        other.join();
    }
}

// Even numbers send, odd ones receive, and all that is sent is received, by tasks, threads and
// workers.
void carries_all(std::size_t capacity) {
    static constexpr int each = 2'000;
    channel<int> c(capacity);
    twill::atomic<long> sum{0};
    crowd(
        {.tasks = 4, .threads = 2, .computing = 2},
        [&](int number) -> task<> {
            for (int i = 1; i <= each; ++i) {
                if (number % 2 == 0)
                    co_await c.send(i);
                else
                    sum += *co_await c.receive();
            }
        },
        [&](int number) {
            for (int i = 1; i <= each; ++i) {
                if (number % 2 == 0)
                    c.send_blocking(i);
                else
                    sum += *c.receive_blocking();
            }
        });
    EXPECT_EQ(sum.load(), 4L * each * (each + 1) / 2);
    EXPECT_EQ(c.size(), 0U);
}
TEST(channel, rendezvous_serves_tasks_threads_and_workers) { carries_all(0); }
TEST(channel, bounded_one_serves_tasks_threads_and_workers) { carries_all(7); }

}  // namespace
