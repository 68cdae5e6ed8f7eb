#include <twill/async/wait_blocking.hpp>

#include <twill/async/auto_reset_event.hpp>
#include <twill/async/channel.hpp>
#include <twill/async/guarded.hpp>
#include <twill/async/mutex.hpp>
#include <twill/async/semaphore.hpp>
#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/runtime/runtime.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using twill::wait_blocking_for;
using twill::wait_blocking_until;

TEST(wait_blocking, that_is_not_in_time_takes_nothing) {
    twill::mutex m;
    auto held = m.try_lock();
    EXPECT_FALSE(wait_blocking_for(1ms, m.lock()));
    held.unlock();
    EXPECT_TRUE(m.try_lock()) << "nobody waits for it any more";

    twill::channel<std::string> c(1);
    EXPECT_FALSE(wait_blocking_for(1ms, c.receive()));
    std::string text = "first";
    EXPECT_TRUE(wait_blocking_for(1ms, c.send_from(text)));
    text = "second";
    EXPECT_FALSE(wait_blocking_for(1ms, c.send_from(text)));
    EXPECT_EQ(text, "second");
    EXPECT_EQ(c.try_receive(), "first");
    EXPECT_EQ(c.try_receive(), std::nullopt);

    twill::auto_reset_event e;
    EXPECT_FALSE(wait_blocking_until(twill::now(), e.wait()));
    e.set();
    EXPECT_TRUE(e.try_wait());
}

TEST(wait_blocking, takes_what_is_there_however_late) {
    twill::semaphore s(2);
    const auto permit = wait_blocking_until(twill::time_point::min(), s.acquire(2));
    ASSERT_TRUE(permit);
    EXPECT_EQ(permit->count(), 2U);
    twill::guarded<int> value(3);
    EXPECT_EQ(**wait_blocking_for(0ms, value.lock()), 3);
}

TEST(wait_blocking, tells_a_closed_channel_from_one_that_is_late) {
    twill::channel<int> c(1);
    std::thread other([&] { c.close(); });
    const auto got = wait_blocking_for(1h, c.receive());
    other.join();
    ASSERT_TRUE(got);
    EXPECT_EQ(*got, std::nullopt);
    EXPECT_THROW(static_cast<void>(wait_blocking_for(1h, c.send(1))), twill::channel_closed);
}

TEST(wait_blocking, is_refused_on_an_event_thread) {
    twill::run({}, []() -> twill::task<> {
        twill::mutex m;
        EXPECT_THROW(static_cast<void>(wait_blocking_for(1ms, m.lock())), twill::usage_error);
        co_return;
    });
}

// Times so short that giving and giving up meet.
TEST(wait_blocking, at_the_very_moment_loses_nothing) {
    static constexpr int rounds = 3'000;
    twill::channel<int> c(0);
    twill::atomic<int> sent{0};
    std::vector<std::thread> senders;
    for (int t = 0; t < 2; ++t)
        senders.emplace_back([&] {
            for (int i = 0; i < rounds; ++i)
                if (wait_blocking_for(std::chrono::microseconds(i % 50), c.send(1))) sent += 1;
        });
    int received = 0;
    std::thread receiver([&] {
        for (;;) {
            const auto got = wait_blocking_for(20us, c.receive());
            if (got && !*got) break;
            if (got) ++received;
        }
    });
    for (auto& each : senders) each.join();
    c.close();
    receiver.join();
    EXPECT_EQ(received, sent.load());
}

TEST(semaphore, of_which_more_is_wanted_than_there_can_be_gives_none) {
    twill::semaphore s(1);
    for (const std::uint64_t n :
         {std::uint64_t{1} << 62, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
        EXPECT_FALSE(s.try_acquire(n)) << n;
        EXPECT_FALSE(wait_blocking_for(0ms, s.acquire(n))) << n;
    }
    EXPECT_EQ(s.available(), 1U);
}

#ifndef NDEBUG
TEST(wait_blockingDeathTest, place_that_goes_while_somebody_waits_is_told) {
    const auto destroy_too_early = [] {
        twill::run({}, []() -> twill::task<> {
            auto c = std::make_unique<twill::channel<int>>(0);
            co_await twill::scope([&](twill::scope_ref s) -> twill::task<> {
                s.spawn([&]() -> twill::task<> { co_await c->receive(); });
                co_await twill::yield();
                c.reset();
            });
        });
    };
    EXPECT_DEATH(destroy_too_early(), "still waits");
}
#endif

}  // namespace
