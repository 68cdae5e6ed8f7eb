// Everything that tasks and threads wait for, all at once, most of it cut short: nothing is lost,
// nothing is had twice, and all of it ends.
#include <twill/twill.hpp>

#include "stress/length.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <random>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using twill::task;

constexpr std::uint64_t permits = 4;

struct soup {
    twill::mutex m;
    std::uint64_t plain = 0;  // under m
    twill::guarded<std::uint64_t> value{0U};
    twill::shared_mutex table;
    std::uint64_t written = 0;  // under table
    twill::semaphore some{permits};
    twill::channel<std::uint64_t> few{3};
    twill::channel<std::uint64_t> many{twill::unbounded};
    twill::channel<std::uint64_t> met{0};
    twill::auto_reset_event bell;
    twill::adaptive_limiter limiter{{.start = 2, .most = 8}};

    // What ought to come out.
    twill::atomic<std::uint64_t> locked{0};
    twill::atomic<std::uint64_t> valued{0};
    twill::atomic<std::uint64_t> tabled{0};
    twill::atomic<std::uint64_t> sent{0};
    twill::atomic<std::uint64_t> received{0};
};

class dice {
public:
    explicit dice(std::uint64_t seed) : source_(seed) {}
    std::uint64_t below(std::uint64_t n) { return source_() % n; }

private:
    std::mt19937_64 source_;
};

void count(twill::atomic<std::uint64_t>& into, std::uint64_t n = 1) { into.fetch_add(n); }

void took(soup& s, const std::optional<std::uint64_t>& value) {
    if (value) count(s.received, *value);
}

task<> send_one(soup& s, twill::channel<std::uint64_t>& to, std::uint64_t value) {
    co_await to.send(value);
    count(s.sent, value);
}
task<> receive_one(soup& s, twill::channel<std::uint64_t>& from) {
    took(s, co_await from.receive());
}

// One thing, which may be cut short at any moment.
task<> one_thing(soup& s, dice& random) {
    switch (random.below(12)) {
        case 0: {
            const auto hold = co_await s.m.lock();
            ++s.plain;
            count(s.locked);
            if (random.below(4) == 0) co_await twill::yield();
            co_return;
        }
        case 1: {
            auto value = co_await s.value.lock();
            ++*value;
            count(s.valued);
            co_return;
        }
        case 2: {
            const auto hold = co_await s.table.lock();
            ++s.written;
            count(s.tabled);
            co_return;
        }
        case 3: {
            const auto hold = co_await s.table.lock_shared();
            EXPECT_LE(s.written, s.tabled.load() + 1);
            co_return;
        }
        case 4: {
            const auto hold = co_await s.some.acquire(1 + random.below(permits));
            co_await twill::yield();
            co_return;
        }
        case 5:
            co_return co_await send_one(s, s.few, random.below(100));
        case 6:
            co_return co_await receive_one(s, s.few);
        case 7:
            co_return co_await send_one(s, s.met, random.below(100));
        case 8:
            co_return co_await receive_one(s, s.met);
        case 9: {
            const std::uint64_t out = random.below(100);
            const auto chosen = co_await twill::select(s.few.receive(), s.many.send(out),
                                                       s.met.receive(), s.bell.wait());
            if (chosen.index() == 0) took(s, std::get<0>(chosen));
            if (chosen.index() == 1) count(s.sent, out);
            if (chosen.index() == 2) took(s, std::get<2>(chosen));
            co_return;
        }
        case 10: {
            s.bell.set();
            co_await s.limiter.run([] { return twill::sleep(20us); });
            co_return;
        }
        default:
            co_await twill::compute([&] {
                twill::par::for_each_index(4, [&](std::size_t) {
                    const auto hold = s.m.lock_blocking();
                    ++s.plain;
                    count(s.locked);
                });
            });
    }
}

task<> actor(soup& s, std::uint64_t seed) {
    dice random(seed);
    for (int i = 0; i < 50; ++i) {
        try {
            if (random.below(3) == 0) {
                co_await one_thing(s, random);
            } else {
                co_await twill::with_timeout(random.below(200) * 1us, one_thing(s, random));
            }
        } catch (const twill::timed_out&) {
            continue;
        }
    }
}

// On a thread of its own. It gives up nothing, so that the others are not left waiting.
void thread_actor(soup& s, std::uint64_t seed) {
    dice random(seed);
    for (int i = 0; i < 50; ++i) {
        switch (random.below(5)) {
            case 0: {
                const auto hold = s.m.lock_blocking();
                ++s.plain;
                count(s.locked);
                break;
            }
            case 1: {
                const auto hold = s.some.acquire_blocking(1 + random.below(permits));
                std::this_thread::yield();
                break;
            }
            case 2:
                took(s, s.few.try_receive());
                break;
            case 3: {
                const std::uint64_t out = random.below(100);
                if (s.many.try_send(out) == twill::send_status::sent) count(s.sent, out);
                break;
            }
            default:
                s.bell.set();
        }
    }
}

// Keeps whoever has no limit from waiting for ever: takes and gives until all have ended.
task<> partner(soup& s, const twill::atomic<bool>& over) {
    while (!over.load()) {
        s.bell.set();
        took(s, s.few.try_receive());
        took(s, s.met.try_receive());
        if (s.few.try_send(1) == twill::send_status::sent) count(s.sent);
        if (s.met.try_send(1) == twill::send_status::sent) count(s.sent);
        co_await twill::sleep(20us);
    }
}

task<> round(soup& s, std::uint64_t seed, twill::atomic<bool>& threads_go) {
    dice random(seed);
    twill::atomic<bool> over{false};
    co_await twill::scope([&](twill::scope_ref around) -> task<> {
        around.spawn([&] { return partner(s, over); });
        threads_go.store(true);
        const bool cut = random.below(4) == 0;
        try {
            auto all = twill::scope([&](twill::scope_ref in) -> task<> {
                for (int i = 0; i < 12; ++i) in.spawn(actor, std::ref(s), random.below(UINT64_MAX));
                co_return;
            });
            if (cut)
                co_await twill::with_timeout(random.below(2000) * 1us, std::move(all));
            else
                co_await std::move(all);
        } catch (const twill::timed_out&) {
            EXPECT_TRUE(cut);
        }
        over.store(true);
    });
}

void run_round(unsigned event_threads, std::uint64_t seed) {
    soup s;
    twill::atomic<bool> go{false};
    std::vector<std::thread> threads;
    for (std::uint64_t i = 0; i < 2; ++i)
        threads.emplace_back([&, i] {
            while (!go.load()) std::this_thread::yield();
            thread_actor(s, seed + i);
        });
    twill::run({.compute_threads = 2, .event_threads = event_threads},
               [&] { return round(s, seed, go); });
    for (auto& each : threads) each.join();

    for (auto* left : {&s.few, &s.many, &s.met})
        while (const auto value = left->try_receive()) count(s.received, *value);
    ASSERT_EQ(s.sent.load(), s.received.load()) << "seed " << seed;
    ASSERT_EQ(s.plain, s.locked.load()) << "seed " << seed;
    ASSERT_EQ(*s.value.lock_blocking(), s.valued.load()) << "seed " << seed;
    ASSERT_EQ(s.written, s.tabled.load()) << "seed " << seed;
    ASSERT_EQ(s.some.available(), permits) << "seed " << seed;
    std::vector<twill::adaptive_call> places;
    while (auto one = s.limiter.try_enter()) places.push_back(std::move(one));
    ASSERT_EQ(places.size(), s.limiter.limit()) << "seed " << seed;
}

class soup_of : public testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(event_threads, soup_of, testing::Values(1U, 2U));

TEST_P(soup_of, tasks_and_threads_loses_nothing) {
    const auto end = twill::after(twill::now(), twill_test::times_stress(300) * 1ms);
    for (std::uint64_t seed = 1; twill::now() < end && !HasFatalFailure(); ++seed)
        run_round(GetParam(), seed);
}

}  // namespace
