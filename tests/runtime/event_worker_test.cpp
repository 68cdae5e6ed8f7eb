#include <twill/runtime/detail/event_worker.hpp>

#include <twill/async/manual_reset_event.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/task.hpp>
#include <twill/reactor/epoll.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <algorithm>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::now;
using twill::run;
using twill::task;
using twill::detail::event_worker;

// Posted again and again by one thread, and at last with `last` set.
struct counted_work final : twill::runnable {
    counted_work() : runnable(&counted_work::ran) {}
    static void ran(runnable& self) noexcept {
        auto& me = static_cast<counted_work&>(self);
        if (me.last) me.done = true;
        me.runs.fetch_add(1);
    }
    bool last = false;
    twill::atomic<bool> done{false};
    twill::atomic<int> runs{0};
};

TEST(EventWorker, PostFromAnotherThreadAlwaysWakesIt) {
    auto io = twill::make_epoll_reactor();
    event_worker worker(*io);
    counted_work work;
    int posts = 0;
    std::thread poster([&] {
        const auto end = now() + 500ms;
        while (!work.last) {
            work.last = ++posts >= 1'000'000 || now() > end;
            worker.post(work);
            // The next post comes while the worker goes to sleep; a lost wake-up would hang here.
            for (int spins = 0; work.runs.load() != posts; ++spins)
                if (spins > 1000) std::this_thread::yield();
        }
    });
    worker.drive(work.done);
    poster.join();
    EXPECT_EQ(work.runs.load(), posts);
}

TEST(EventWorker, PostsOfManyThreadsArriveOnceAndInTheOrderOfEach) {
    static constexpr int threads = 3;
    static constexpr int each = 20'000;
    struct numbered final : twill::runnable {
        numbered() : runnable(&numbered::ran) {}
        static void ran(runnable& self) noexcept {
            auto& me = static_cast<numbered&>(self);
            if (*me.last + 1 != me.number) *me.in_order = false;
            *me.last = me.number;
            if (++*me.total == threads * each) *me.done = true;
        }
        int number = 0;
        int* last = nullptr;
        int* total = nullptr;
        bool* in_order = nullptr;
        twill::atomic<bool>* done = nullptr;
    };
    auto io = twill::make_epoll_reactor();
    event_worker worker(*io);
    int last[threads] = {-1, -1, -1};
    int total = 0;
    bool in_order = true;
    twill::atomic<bool> done{false};
    std::vector<std::unique_ptr<numbered[]>> work;
    for (int t = 0; t < threads; ++t) {
        work.push_back(std::make_unique<numbered[]>(each));
        for (int i = 0; i < each; ++i) {
            auto& one = work.back()[static_cast<std::size_t>(i)];
            one.number = i;
            one.last = &last[t];
            one.total = &total;
            one.in_order = &in_order;
            one.done = &done;
        }
    }
    std::vector<std::thread> posters;
    for (int t = 0; t < threads; ++t)
        posters.emplace_back([&, t] {
            for (int i = 0; i < each; ++i)
                worker.post(work[static_cast<std::size_t>(t)][static_cast<std::size_t>(i)]);
        });
    worker.drive(done);
    for (auto& p : posters) p.join();
    EXPECT_TRUE(in_order);
    EXPECT_EQ(total, threads * each);
}

struct flag_timer final : twill::timer {
    explicit flag_timer(twill::atomic<bool>& flag) : timer(&flag_timer::fired), done(flag) {}
    static void fired(twill::timer& self) noexcept { static_cast<flag_timer&>(self).done = true; }
    twill::atomic<bool>& done;
};

TEST(EventWorker, TimerArmedByAnotherThreadWakesItFromALongSleep) {
    for (int round = 0; round < 200; ++round) {
        auto io = twill::make_epoll_reactor();
        event_worker worker(*io);
        twill::atomic<bool> done{false};
        twill::atomic<bool> unused{false};
        flag_timer far(unused);
        far.deadline = now() + 1h;
        worker.arm(far);
        flag_timer near(done);
        std::thread other([&] {
            near.deadline = now() + 100us;
            EXPECT_TRUE(worker.arm(near));
        });
        worker.drive(done);
        other.join();
        EXPECT_GE(now(), near.deadline);
        EXPECT_TRUE(worker.disarm(far));
    }
}

// `done` set by a timer: the worker used to go to sleep once more.
TEST(EventWorker, EndsWhenATimerSaysSo) {
    auto io = twill::make_epoll_reactor();
    event_worker worker(*io);
    twill::atomic<bool> done{false};
    flag_timer only(done);
    only.deadline = now() + 1us;
    worker.arm(only);
    worker.drive(done);
    EXPECT_TRUE(done);
    EXPECT_FALSE(event_worker::on_this_thread());
}

TEST(EventWorker, TaskThatOnlyYieldsDoesNotHoldUpTimers) {
    run([]() -> task<> {
        twill::atomic<bool> stop{false};
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            for (int i = 0; i < 3; ++i)
                s.spawn([&]() -> task<> {
                    while (!stop.load()) co_await twill::yield();
                });
            for (int i = 0; i < 20; ++i) co_await twill::sleep(100us);
            stop.store(true);
        });
    });
}

// How many operations that need not wait a task completes before another one has its turn, at most;
// each takes so long.
unsigned longest_turn_of_operations(twill::duration each, int operations) {
    unsigned longest = 0;
    run({.event_threads = 1}, [&]() -> task<> {
        twill::manual_reset_event set(true);
        unsigned turns_of_other = 0;
        bool over = false;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                while (!over) {
                    ++turns_of_other;
                    co_await twill::yield();
                }
            });
            unsigned seen = 0;
            for (unsigned in_a_row = 1; operations > 0; --operations, ++in_a_row) {
                for (const auto start = now(); now() - start < each;) {
                }
                co_await set.wait();
                if (std::exchange(seen, turns_of_other) != turns_of_other) in_a_row = 0;
                longest = std::max(longest, in_a_row);
            }
            over = true;
        });
    });
    return longest;
}

TEST(EventWorker, TaskWhoseOperationsTakeLongGivesWayByTheClock) {
    EXPECT_LE(longest_turn_of_operations(50us, 100), 9U) << "two parts of four";
    EXPECT_LE(longest_turn_of_operations(10us, 300), 32U);
}

TEST(EventWorker, TaskWhoseOperationsAreShortGivesWayByTheirNumber) {
    const unsigned longest = longest_turn_of_operations(0ns, 128 * 200);
    EXPECT_GE(longest, 100U);
    EXPECT_LE(longest, 128U);
}

struct process_use {
    // How often its threads went to sleep. What neighbours do to the machine does not count, unlike
    // in CPU time, which on a virtual machine contains some of theirs.
    long sleeps;
    twill::duration cpu;
};

process_use used_so_far() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto length = [](const timeval& of) {
        return std::chrono::seconds(of.tv_sec) + std::chrono::microseconds(of.tv_usec);
    };
    return {used.ru_nvcsw, length(used.ru_utime) + length(used.ru_stime)};
}

TEST(EventWorker, IdleCostsNothing) {
    run([]() -> task<> {
        co_await twill::sleep(1ms);
        const auto before = used_so_far();
        co_await twill::sleep(1s);
        const auto after = used_so_far();
        // One sleep for each level that the timer descends in the wheel, and under tsan ten of its
        // own thread; and some twenty while a second event thread, called before, finds that it has
        // nothing to do. Whoever looks around every 10 ms would need a hundred.
        EXPECT_LT(after.sleeps - before.sleeps, 60);
        // Whoever never sleeps would need all of the second, or what others leave of it.
        EXPECT_LT(after.cpu - before.cpu, 100ms);
    });
}

}  // namespace
