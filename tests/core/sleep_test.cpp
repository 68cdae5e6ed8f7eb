#include <twill/core/sleep.hpp>

#include <twill/core/error.hpp>
#include <twill/core/reactor.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/when_all.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::now;
using twill::run;
using twill::scope;
using twill::scope_ref;
using twill::task;

TEST(Sleep, NeverEndsEarly) {
    run([]() -> task<> {
        for (const auto length : {1ns, 100ns, 65'535ns, 65'536ns, 65'537ns, 1'000'000ns}) {
            for (int i = 0; i < 20; ++i) {
                const auto start = now();
                co_await twill::sleep(length);
                EXPECT_GE(now() - start, length);
            }
        }
    });
}

TEST(Sleep, OfDifferentLengthsEndInTheirOrder) {
    run({.event_threads = 1}, []() -> task<> {
        std::vector<int> order;
        const auto start = now();
        co_await scope([&](scope_ref s) -> task<> {
            for (int i = 9; i >= 0; --i)
                s.spawn(
                    [&](int n) -> task<> {
                        co_await twill::sleep_until(start + n * 1ms);
                        order.push_back(n);
                    },
                    i);
            co_return;
        });
        // Those that were past already when they were armed keep that order.
        EXPECT_EQ(order.size(), 10U);
        EXPECT_EQ(order.back(), 9);
    });
}

TEST(Sleep, OfZeroOrLessGoesOnInTheNextTurn) {
    run({.event_threads = 1}, []() -> task<> {
        std::string order;
        auto step = [&](char name, twill::duration length) -> task<> {
            for (int i = 0; i < 2; ++i) {
                order += name;
                co_await twill::sleep(length);
            }
        };
        co_await twill::when_all(step('a', 0ns), step('b', -1h));
        EXPECT_EQ(order, "abab");
    });
}

TEST(Sleep, UntilAPastPointGoesOn) {
    run([]() -> task<> {
        co_await twill::sleep_until(now() - 1h);
        co_await twill::sleep_until(twill::time_point());
        co_await twill::sleep_until(twill::time_point::min());
    });
}

TEST(Sleep, IsCancelledAtOnceHoweverLong) {
    run({.event_threads = 1}, []() -> task<> {
        int cut_short = 0;
        const auto start = now();
        co_await scope([&](scope_ref s) -> task<> {
            for (const twill::duration length :
                 {twill::duration(1h), twill::duration::max(), twill::duration(200 * 365 * 24h)})
                s.spawn(
                    [&](twill::duration l) -> task<> {
                        if (co_await throws<twill::cancelled>(twill::sleep(l))) ++cut_short;
                    },
                    length);
            co_await twill::yield();
            s.cancel();
        });
        EXPECT_EQ(cut_short, 3);
        EXPECT_LT(now() - start, 1h);
    });
}

TEST(Yield, LetsAllThatAreReadyHaveTheirTurn) {
    run({.event_threads = 1}, []() -> task<> {
        int others = 0;
        co_await scope([&](scope_ref s) -> task<> {
            for (int i = 0; i < 1000; ++i) s.spawn([&] { ++others; });
            co_await twill::yield();
            EXPECT_EQ(others, 1000);
        });
    });
}

TEST(Yield, CancelledBeforehandThrowsCancelledDuringItGoesOn) {
    run([]() -> task<> {
        bool went_on = false;
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                co_await twill::yield();
                went_on = true;
            });
            s.spawn([s] { s.cancel(); });
            co_return;
        });
        EXPECT_TRUE(went_on) << "a yield that was complete beats the cancellation";
    });
}

TEST(Sleep, CutAnywhereEndsByCancelled) {
    EXPECT_EQ(cancel_everywhere([]() -> task<> {
                  co_await twill::sleep(1us);
                  co_await twill::yield();
                  co_await twill::sleep(100us);
                  co_await twill::sleep(0ns);
              }),
              4U);
}

// ---- until a time of day

// Sets the wall clock, as far as twill sees it, and tells whoever watches it.
void set_clock(twill::reactor& io, twill::duration by) {
    twill::detail::shift_wall_clock(by);
    io.clock_was_set();
}

TEST(WallSleep, NeverEndsEarly) {
    run([]() -> task<> {
        for (const auto length : {-1'000'000'000ns, 0ns, 1ns, 65'536ns, 1'000'000ns}) {
            const auto until = twill::wall_now() + length;
            co_await twill::sleep_until(until);
            EXPECT_GE(twill::wall_now(), until);
        }
        co_await twill::sleep_until(twill::wall_time());
        co_await twill::sleep_until(twill::wall_time::min());
    });
}

TEST(WallSleep, EndsAtOnceWhenTheClockIsSetPastIt) {
    run({.event_threads = 1}, []() -> task<> {
        auto& io = (co_await twill::detail::current()).home().io();
        int ended = 0;
        co_await scope([&](scope_ref s) -> task<> {
            const auto until = twill::wall_now() + 1h;
            for (int i = 0; i < 3; ++i)
                s.spawn([&]() -> task<> {
                    co_await twill::sleep_until(until);
                    ++ended;
                });
            s.spawn([&]() -> task<> {
                co_await twill::sleep_until(twill::wall_time::max());
                ADD_FAILURE() << "that time never comes";
            });
            co_await twill::yield();
            set_clock(io, 1h);
            // Who were woken by it have their turn before a sleep that was begun after it.
            while (ended != 3) co_await twill::sleep(1us);
            s.cancel();
        });
        set_clock(io, -1h);
    });
}

// `tell`: whether it is told that the clock was set, before its time by the old clock has come.
void sleep_on_when_set_back(bool tell) {
    run({.event_threads = 1}, [tell]() -> task<> {
        auto& io = (co_await twill::detail::current()).home().io();
        bool ended = false;
        co_await scope([&](scope_ref s) -> task<> {
            const auto until = twill::wall_now() + 1ms;
            const auto after_it = now() + 2ms;
            s.spawn([&]() -> task<> {
                co_await twill::sleep_until(until);
                ended = true;
            });
            co_await twill::yield();
            twill::detail::shift_wall_clock(-1h);
            if (tell) io.clock_was_set();
            co_await twill::sleep_until(after_it);
            EXPECT_FALSE(ended) << "its time is an hour away now";
            set_clock(io, 1h);
        });
        EXPECT_TRUE(ended);
    });
}

TEST(WallSleep, SleepsOnWhenTheClockIsSetBack) { sleep_on_when_set_back(true); }
TEST(WallSleep, LooksAtTheClockBeforeItEnds) { sleep_on_when_set_back(false); }

TEST(WallSleep, CutAnywhereEndsByCancelled) {
    EXPECT_EQ(cancel_everywhere([]() -> task<> {
                  co_await twill::sleep_until(twill::wall_now() + 100us);
                  co_await twill::sleep_until(twill::wall_now() - 1h);
                  co_await twill::sleep_until(twill::wall_now() + 1us);
              }),
              3U);
}

// Its end, its cancellation and the setting of the clock meet in all ways.
TEST(WallSleep, OfManyWhileTheClockIsSetLosesNobody) {
    run([]() -> task<> {
        auto& io = (co_await twill::detail::current()).home().io();
        twill::atomic<bool> over{false};
        std::thread setter([&] {
            for (int i = 0; !over; ++i) set_clock(io, i % 2 == 0 ? 300us : -300us);
            twill::detail::shift_wall_clock(1h);
            io.clock_was_set();
        });
        for (int round = 0; round < 20; ++round)
            co_await scope([&](scope_ref s) -> task<> {
                for (int i = 0; i < 40; ++i)
                    s.spawn(
                        [](twill::duration length) -> task<> {
                            co_await twill::sleep_until(twill::wall_now() + length);
                        },
                        twill::duration(i * 10us));
                if (round % 2 == 0) co_return;
                co_await twill::sleep(200us);
                s.cancel();
            });
        over = true;
        setter.join();
    });
}

// A timer that the kernel cancels when its clock is set, and that never fires by itself.
TEST(WallSleep, HasTheKernelWatchTheClock) {
    run([]() -> task<> {
        co_await twill::sleep_until(twill::wall_now() + 1us);
        int found = 0;
        for (const auto& each : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
            std::ifstream file(each.path());
            const std::string text((std::istreambuf_iterator<char>(file)), {});
            if (text.find("clockid:") == std::string::npos) continue;
            ++found;
            EXPECT_NE(text.find("clockid: 0\n"), std::string::npos) << text;
            EXPECT_NE(text.find("settime flags: 03\n"), std::string::npos) << text;
        }
        EXPECT_EQ(found, 1);
    });
}

TEST(WallSleep, WithoutDescriptorsIsRefused) {
    run([]() -> task<> {
        rlimit before{};
        ::getrlimit(RLIMIT_NOFILE, &before);
        const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        ::close(next);
        const rlimit none{static_cast<rlim_t>(next), before.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &none);
        const bool refused =
            co_await throws<twill::io_error>(twill::sleep_until(twill::wall_now() + 1us));
        ::setrlimit(RLIMIT_NOFILE, &before);
        EXPECT_TRUE(refused);
        co_await twill::sleep_until(twill::wall_now() + 1us);
    });
}

}  // namespace
