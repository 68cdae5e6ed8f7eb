#include <twill/async/select.hpp>

#include <twill/async/auto_reset_event.hpp>
#include <twill/async/channel.hpp>
#include <twill/async/latch.hpp>
#include <twill/async/manual_reset_event.hpp>
#include <twill/async/mutex.hpp>
#include <twill/async/oneshot.hpp>
#include <twill/async/semaphore.hpp>
#include <twill/core/cancellation.hpp>
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

#include <deque>
#include <memory>
#include <ranges>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::channel;
using twill::on;
using twill::otherwise;
using twill::run;
using twill::select;
using twill::select_blocking;
using twill::task;

TEST(select, takes_what_is_ready_and_leaves_the_rest) {
    run({}, []() -> task<> {
        channel<int> empty(1);
        channel<std::string> full(1);
        co_await full.send("there");
        twill::auto_reset_event off;
        std::string got;
        co_await select(on(empty.receive(), [&](std::optional<int>) { got = "a number"; }),
                        on(full.receive(), [&](std::optional<std::string> text) { got = *text; }),
                        on(off.wait(), [&] { got = "a signal"; }));
        EXPECT_EQ(got, "there");
        EXPECT_EQ(full.size(), 0U);
        EXPECT_FALSE(off.try_wait());
    });
}

TEST(select, waits_for_the_first_of_each_kind_and_nothing_of_the_others_is_gone) {
    for (int wanted = 0; wanted < 6; ++wanted) {
        run({}, [wanted]() -> task<> {
            channel<int> in(1);
            channel<int> out(1);
            co_await out.send(-1);
            twill::oneshot<int> answer;
            twill::auto_reset_event event;
            twill::mutex mutex;
            auto held = mutex.try_lock();
            int variable = 7;
            int chosen = -1;
            co_await twill::scope([&](twill::scope_ref s) -> task<> {
                s.spawn([&]() -> task<> {
                    chosen = co_await select(
                        on(in.receive(), [](std::optional<int> n) { return *n; }),
                        on(out.send_from(variable), [] { return 1; }),
                        on(answer.receive(), [](std::optional<int> n) { return *n; }),
                        on(event.wait(), [] { return 3; }),
                        on(mutex.lock(), [](const twill::mutex_guard& it) { return it ? 4 : -2; }),
                        on(twill::sleep(wanted == 5 ? 1ms : 1h), [] { return 5; }));
                });
                co_await twill::yield();
                switch (wanted) {
                    case 0:
                        in.try_send(0);
                        break;
                    case 1:
                        out.try_receive();
                        break;
                    case 2:
                        answer.send(2);
                        break;
                    case 3:
                        event.set();
                        break;
                    case 4:
                        held.unlock();
                        break;
                    default:
                        break;
                }
            });
            EXPECT_EQ(chosen, wanted);
            // The rest is as if nobody had asked.
            if (wanted != 4) held.unlock();
            EXPECT_EQ(in.try_send(10), twill::send_status::sent);
            EXPECT_EQ(in.try_receive(), 10);
            if (wanted != 1) {
                EXPECT_EQ(out.try_receive(), -1);
            }
            EXPECT_EQ(out.try_receive(), wanted == 1 ? std::optional(7) : std::nullopt);
            EXPECT_EQ(answer.send(20), wanted != 2);
            EXPECT_EQ(answer.try_receive(), wanted != 2 ? std::optional(20) : std::nullopt);
            event.set();
            EXPECT_TRUE(event.try_wait());
            EXPECT_TRUE(mutex.try_lock());
        });
    }
}

TEST(select, is_fair_to_those_that_are_always_ready) {
    run({}, []() -> task<> {
        twill::manual_reset_event one(true);
        twill::manual_reset_event two(true);
        twill::manual_reset_event never_set;
        const auto passed = twill::now();
        std::vector<int> times(4);
        for (int i = 0; i < 3'000; ++i) {
            const auto first = co_await select(one.wait(), never_set.wait(), two.wait(),
                                               twill::sleep_until(passed));
            ++times.at(first.index());
        }
        EXPECT_EQ(times[1], 0);
        for (const std::size_t i : {0U, 2U, 3U}) {
            EXPECT_GT(times[i], 850) << "of 3000, case " << i;
            EXPECT_LT(times[i], 1'150) << "of 3000, case " << i;
        }
    });
}

TEST(select, otherwise_does_not_wait) {
    run({}, []() -> task<> {
        channel<int> c(1);
        const auto ask = [&] {
            return select(on(c.receive(), [](std::optional<int> n) { return *n; }),
                          otherwise([] { return -1; }));
        };
        EXPECT_EQ(co_await ask(), -1);
        co_await c.send(4);
        EXPECT_EQ(co_await ask(), 4);
        EXPECT_EQ((co_await select(c.receive(), otherwise())).index(), 1U);
    });
}

TEST(select, that_never_waits_lets_others_run_and_sees_a_cancellation) {
    run({}, []() -> task<> {
        channel<int> c(1);
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                for (;;) co_await select(on(c.receive(), [](const auto&) {}), otherwise([] {}));
            });
            s.spawn([&, s]() mutable { s.cancel(); });
            co_return;
        });
    });
}

TEST(select, case_that_is_off_is_not_even_made) {
    run({}, []() -> task<> {
        channel<int> out(1);
        std::deque<int> queue;
        const auto send_front = [&] {
            return select(twill::only_if(!queue.empty(),
                                         [&] {
                                             return on(out.send_from(queue.front()), [&] {
                                                 queue.pop_front();
                                                 return true;
                                             });
                                         }),
                          otherwise([] { return false; }));
        };
        EXPECT_FALSE(co_await send_front());
        queue = {5, 6};
        EXPECT_TRUE(co_await send_front());
        EXPECT_FALSE(co_await send_front()) << "the channel is full";
        EXPECT_EQ(out.try_receive(), 5);
        EXPECT_EQ(queue, std::deque{6});
    });
}

TEST(select, case_that_is_off_has_its_place_in_the_variant) {
    run({}, []() -> task<> {
        channel<int> c(1);
        for (const bool enabled : {false, true}) {
            const auto first =
                co_await select(twill::only_if(enabled, [&] { return c.send(1); }), otherwise());
            EXPECT_EQ(first.index(), enabled ? 0U : 1U);
        }
        EXPECT_EQ(c.size(), 1U);
    });
}

TEST(select, without_any_case_that_is_on_is_refused) {
    run({}, []() -> task<> {
        channel<int> c(1);
        EXPECT_TRUE(co_await throws<twill::usage_error>(
            select(twill::only_if(false, [&] { return on(c.receive(), [](const auto&) {}); }))));
    });
}

TEST(select, handlers_may_be_coroutines_and_may_throw) {
    run({}, []() -> task<> {
        channel<std::unique_ptr<int>> c(1);
        const auto ask = [&] {
            // What a coroutine refers to lives until it has ended.
            return select(on(c.receive(),
                             [](std::optional<std::unique_ptr<int>>&& n) -> task<int> {
                                 co_await twill::yield();
                                 co_return **n;
                             }),
                          on(twill::sleep(1ms), []() -> int { throw failure(3); }));
        };
        co_await c.send(std::make_unique<int>(9));
        EXPECT_EQ(co_await ask(), 9);
        EXPECT_TRUE(co_await throws<failure>(ask()));
    });
}

TEST(select, closed_channels_are_ready) {
    run({}, []() -> task<> {
        channel<int> c(0);
        twill::manual_reset_event never_set;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                const auto first = co_await select(never_set.wait(), c.receive());
                EXPECT_EQ(std::get<1>(first), std::nullopt);
            });
            s.spawn([&]() -> task<> {
                channel<int> other(0);
                s.spawn([&]() -> task<> {
                    other.close();
                    co_return;
                });
                EXPECT_TRUE(co_await throws<twill::channel_closed>(
                    select(never_set.wait(), other.send(1))));
            });
            co_await twill::yield();
            c.close();
        });
    });
}

TEST(select, of_both_ends_of_a_channel_does_not_talk_to_itself) {
    run({}, []() -> task<> {
        channel<int> c(0);
        const auto send_or_receive = [&](int mine) {
            return select(on(c.send(mine), [] { return 0; }),
                          on(c.receive(), [](std::optional<int> n) { return *n; }));
        };
        EXPECT_TRUE(
            co_await throws<twill::timed_out>(twill::with_timeout(1ms, send_or_receive(1))));
        // Two of them do.
        auto [one, two] = co_await twill::when_all(send_or_receive(1), send_or_receive(2));
        EXPECT_TRUE((one == 0 && two == 1) || (one == 2 && two == 0)) << one << ' ' << two;
    });
}

TEST(select, with_the_same_channel_twice_receives_once) {
    run({}, []() -> task<> {
        channel<int> c(2);
        int got = 0;
        const auto count = [&](std::optional<int> n) { got += *n; };
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                for (int i = 0; i < 2; ++i)
                    co_await select(on(c.receive(), count), on(c.receive(), count));
            });
            co_await twill::yield();
            co_await c.send(1);
            co_await c.send(10);
            EXPECT_LE(c.size(), 1U) << "one was handed over";
        });
        EXPECT_EQ(got, 11);
        EXPECT_EQ(c.size(), 0U);
    });
}

TEST(select, that_lost_at_a_semaphore_lets_those_behind_it_pass) {
    run({}, []() -> task<> {
        twill::semaphore permits(1);
        twill::manual_reset_event stop;
        std::vector<int> order;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {  // first in the queue, and wants more than there is
                co_await select(on(permits.acquire(2), [&](const auto&) { order.push_back(0); }),
                                on(stop.wait(), [&] { order.push_back(1); }));
            });
            s.spawn([&]() -> task<> {
                auto held = co_await permits.acquire();
                order.push_back(2);
            });
            co_await twill::yield();
            EXPECT_TRUE(order.empty());
            stop.set();
        });
        EXPECT_EQ(order, (std::vector{1, 2}));
        EXPECT_TRUE(permits.try_acquire());
    });
}

TEST(select, what_was_chosen_stays_so_when_the_task_is_cancelled_then) {
    run({}, []() -> task<> {
        channel<int> c(0);
        twill::manual_reset_event never_set;
        int got = 0;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                co_await select(on(c.receive(), [&](std::optional<int> n) { got = *n; }),
                                on(never_set.wait(), [] {}));
            });
            co_await twill::yield();
            EXPECT_EQ(c.try_send(5), twill::send_status::sent);
            s.cancel();
        });
        EXPECT_EQ(got, 5) << "the value would be lost";
    });
}

TEST(select, blocking_one_is_for_threads) {
    channel<int> c(1);
    channel<int> none(0);
    EXPECT_EQ(select_blocking(on(c.receive(), [](const auto&) { return 0; }),
                              on(twill::sleep(1ms), [] { return 1; })),
              1);
    EXPECT_EQ(select_blocking(none.receive(), c.send(3), otherwise()).index(), 1U);
    std::thread other([&] { none.send_blocking(4); });
    EXPECT_EQ(select_blocking(on(none.receive(), [](std::optional<int> n) { return *n; }),
                              on(c.send(5), [] { return -1; }),
                              on(twill::sleep_until(twill::never), [] { return -2; })),
              4);
    other.join();
    EXPECT_EQ(c.try_receive(), 3);
    EXPECT_EQ(c.try_receive(), std::nullopt);
    run({}, [&]() -> task<> {
        EXPECT_THROW(static_cast<void>(select_blocking(c.receive())), twill::usage_error);
        EXPECT_EQ(select_blocking(c.receive(), otherwise()).index(), 1U) << "that does not block";
        co_return;
    });
}

// However they are cut: what was sent and what was received differ by what is in the channels.
void cut_anywhere(std::size_t capacity) {
    cancel_everywhere([capacity]() -> task<> {
        channel<live> a(capacity);
        channel<live> b(capacity);
        std::size_t sent = 0;
        std::size_t received = 0;
        const auto count = [&](const std::optional<live>& one) { received += one ? 1 : 0; };
        std::exception_ptr cut;
        try {
            co_await twill::scope([&](twill::scope_ref s) -> task<> {
                for (int i = 0; i < 2; ++i) {
                    s.spawn([&]() -> task<> {
                        for (int n = 0; n < 2; ++n)
                            co_await select(on(a.send(live()), [&] { ++sent; }),
                                            on(b.send(live()), [&] { ++sent; }),
                                            on(twill::sleep(1h), [] {}));
                    });
                    s.spawn([&]() -> task<> {
                        for (int n = 0; n < 2; ++n)
                            co_await select(on(b.receive(), count), on(a.receive(), count));
                    });
                }
                co_return;
            });
        } catch (...) {
            cut = std::current_exception();
        }
        EXPECT_EQ(sent, received + a.size() + b.size());
        if (cut) std::rethrow_exception(cut);
    });
}
TEST(select, of_rendezvous_cut_anywhere_loses_nothing) { cut_anywhere(0); }
TEST(select, of_bounded_channels_cut_anywhere_loses_nothing) { cut_anywhere(1); }

TEST(select, cut_anywhere_leaves_events_and_permits_where_they_were) {
    cancel_everywhere([]() -> task<> {
        twill::semaphore permits(0);
        twill::auto_reset_event event;
        int given = 0;
        int taken = 0;
        std::exception_ptr cut;
        try {
            co_await twill::scope([&](twill::scope_ref s) -> task<> {
                for (int i = 0; i < 2; ++i)
                    s.spawn([&]() -> task<> {
                        co_await select(on(permits.acquire(),
                                           [&](twill::semaphore_permit it) {
                                               it.keep();
                                               ++taken;
                                           }),
                                        on(event.wait(), [&] { ++taken; }));
                    });
                s.spawn([&]() -> task<> {
                    co_await twill::yield();
                    permits.release();
                    ++given;
                    co_await twill::yield();
                    event.set();
                    ++given;
                });
                co_return;
            });
        } catch (...) {
            cut = std::current_exception();
        }
        taken += static_cast<int>(permits.available()) + (event.try_wait() ? 1 : 0);
        EXPECT_EQ(taken, given);
        if (cut) std::rethrow_exception(cut);
    });
}

// Selects on both sides of two channels, by tasks, threads and workers: who is even sends, the
// others receive, and all that was sent is received.
void carries_all(std::size_t capacity) {
    static constexpr int each = 1'000;
    channel<int> a(capacity);
    channel<int> b(capacity);
    twill::atomic<long> sum{0};
    crowd(
        {.tasks = 4, .threads = 2, .computing = 2},
        [&](int number) -> task<> {
            for (int i = 1; i <= each; ++i) {
                if (number % 2 == 0)
                    co_await select(a.send(i), b.send(i), twill::sleep(1h));
                else
                    co_await select(on(b.receive(), [&](std::optional<int> n) { sum += *n; }),
                                    on(a.receive(), [&](std::optional<int> n) { sum += *n; }));
            }
        },
        [&](int number) {
            for (int i = 1; i <= each; ++i) {
                if (number % 2 == 0)
                    static_cast<void>(select_blocking(b.send(i), a.send(i)));
                else
                    select_blocking(on(a.receive(), [&](std::optional<int> n) { sum += *n; }),
                                    on(b.receive(), [&](std::optional<int> n) { sum += *n; }));
            }
        });
    EXPECT_EQ(sum.load(), 4L * each * (each + 1) / 2);
    EXPECT_EQ(a.size() + b.size(), 0U);
}
TEST(select, of_rendezvous_serves_tasks_threads_and_workers) { carries_all(0); }
TEST(select, of_bounded_channels_serves_tasks_threads_and_workers) { carries_all(3); }

// Everybody both sends and receives, on the same two channels, until each has sent his part.
TEST(select, against_select_on_both_ends_comes_to_an_end) {
    static constexpr int each = 1'000;
    channel<int> a(0);
    channel<int> b(0);
    twill::atomic<long> balance{0};
    twill::atomic<int> left{each * 4};
    twill::manual_reset_event done;
    crowd(
        {.tasks = 2, .threads = 2, .computing = 0},
        [&](int number) -> task<> {
            auto& first = number % 2 == 0 ? a : b;
            auto& second = number % 2 == 0 ? b : a;
            while (!done.is_set()) {
                co_await select(on(first.send(1), [&] { ++balance; }),
                                on(second.receive(),
                                   [&](std::optional<int>) {
                                       --balance;
                                       if (--left == 0) done.set();
                                   }),
                                on(done.wait(), [] {}));
            }
        },
        [&](int number) {
            auto& first = number % 2 == 0 ? b : a;
            auto& second = number % 2 == 0 ? a : b;
            while (!done.is_set())
                select_blocking(on(second.receive(),
                                   [&](std::optional<int>) {
                                       --balance;
                                       if (--left == 0) done.set();
                                   }),
                                on(done.wait(), [] {}), on(first.send(1), [&] { ++balance; }));
        });
    EXPECT_EQ(balance.load(), 0);
}

// A timer that fires while others choose, on several event threads.
TEST(select, timers_and_values_at_the_same_moment_lose_nothing) {
    static constexpr int rounds = 3'000;
    channel<int> c(0);
    twill::atomic<int> received{0};
    int sent = 0;
    std::thread sender([&] {
        for (int i = 0; i < rounds; ++i) {
            c.send_blocking(i);
            ++sent;
        }
        c.close();
    });
    run({.event_threads = 3}, [&]() -> task<> {
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            for (int i = 0; i < 4; ++i)
                s.spawn([&]() -> task<> {
                    bool more = true;
                    while (more)
                        co_await select(on(c.receive(),
                                           [&](std::optional<int> n) {
                                               more = n.has_value();
                                               received += more ? 1 : 0;
                                           }),
                                        on(twill::sleep(20us), [] {}));
                });
            co_return;
        });
    });
    sender.join();
    EXPECT_EQ(received.load(), sent);
}

// ---- over as many cases as there are

auto receives_of(std::deque<channel<int>>& sources) {
    return sources | std::views::transform([](channel<int>& one) { return one.receive(); });
}
std::deque<channel<int>> channels(std::size_t n, std::size_t capacity) {
    std::deque<channel<int>> all;
    for (std::size_t i = 0; i < n; ++i) all.emplace_back(capacity);
    return all;
}

TEST(select_of_a_range, tells_which_and_leaves_the_rest) {
    run({}, []() -> task<> {
        // Few, and more than a select of cases that are written out can have.
        for (const std::size_t n : {1U, 5U, 64U, 65U, 1'000U}) {
            auto sources = channels(n, 1);
            for (const std::size_t i : {n - 1, n / 2}) {
                sources[i].try_send(static_cast<int>(i));
                const auto [index, value] = co_await select(receives_of(sources));
                EXPECT_EQ(index, i) << "of " << n;
                EXPECT_EQ(value, static_cast<int>(i));
            }
            for (auto& each : sources) EXPECT_EQ(each.try_send(1), twill::send_status::sent);
        }
    });
}

TEST(select_of_a_range, waits_and_takes_only_one) {
    run({}, []() -> task<> {
        for (const std::size_t n : {2U, 3U, 100U}) {
            auto sources = channels(n, 0);
            int taken = 0;
            co_await twill::scope([&](twill::scope_ref s) -> task<> {
                s.spawn([&]() -> task<> {
                    for (std::size_t i = 0; i < 2 * n; ++i) {
                        const auto got = co_await select(receives_of(sources));
                        EXPECT_EQ(got.value, static_cast<int>(got.index));
                        ++taken;
                    }
                });
                for (std::size_t i = 0; i < n; ++i)
                    s.spawn([&sources, i]() -> task<> {
                        co_await sources[i].send(static_cast<int>(i));
                        co_await sources[i].send(static_cast<int>(i));
                    });
                co_return;
            });
            EXPECT_EQ(taken, static_cast<int>(2 * n)) << "of " << n;
        }
    });
}

TEST(select_of_a_range, is_fair_to_many) {
    run({}, []() -> task<> {
        static constexpr std::size_t n = 100;
        std::deque<twill::manual_reset_event> set;
        for (std::size_t i = 0; i < n; ++i) set.emplace_back(true);
        std::vector<int> times(n);
        for (std::size_t i = 0; i < 200 * n; ++i) {
            const auto waits = set | std::views::transform([](auto& one) { return one.wait(); });
            ++times.at(co_await select(waits));
        }
        for (std::size_t i = 0; i < n; ++i) {
            EXPECT_GT(times[i], 100) << "of 200, case " << i;
            EXPECT_LT(times[i], 300) << "of 200, case " << i;
        }
    });
}

TEST(select_of_a_range, takes_times_and_gives_their_number_alone) {
    run({}, []() -> task<> {
        const std::size_t first =
            co_await select(std::vector{twill::sleep(1h), twill::sleep(1us), twill::sleep(2h)});
        EXPECT_EQ(first, 1U);
    });
}

TEST(select_of_a_range, of_nothing_is_refused) {
    run({}, []() -> task<> {
        auto none = channels(0, 1);
        EXPECT_TRUE(co_await throws<twill::usage_error>(select(receives_of(none))));
        EXPECT_THROW(select_blocking(receives_of(none)), twill::usage_error);
    });
}

TEST(select_of_a_range, blocks_a_thread) {
    auto sources = channels(70, 0);
    std::thread sender([&] {
        for (int i = 69; i >= 0; --i) sources[static_cast<std::size_t>(i)].send_blocking(i);
    });
    for (int i = 69; i >= 0; --i) {
        const auto got = select_blocking(receives_of(sources));
        EXPECT_EQ(got.value, static_cast<int>(got.index));
        EXPECT_EQ(got.value, i);
    }
    sender.join();
}

TEST(select_of_a_range, cut_anywhere_loses_nothing) {
    cancel_everywhere([]() -> task<> {
        auto sources = channels(66, 1);
        int sent = 0;
        int received = 0;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                for (int i = 0; i < 4; ++i) {
                    co_await select(receives_of(sources));
                    ++received;
                }
            });
            s.spawn([&]() -> task<> {
                for (std::size_t i = 0; i < 4; ++i) {
                    co_await sources[21 * i].send(1);
                    ++sent;
                }
            });
            co_return;
        });
        for (auto& each : sources)
            if (each.try_receive()) ++received;
        EXPECT_EQ(received, sent);
    });
}

}  // namespace
