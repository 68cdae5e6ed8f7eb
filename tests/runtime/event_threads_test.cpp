// Several event threads, which come when ready tasks wait too long, and leave again.
#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/core/when_all.hpp>
#include <twill/core/when_any.hpp>
#include <twill/io/pipe.hpp>
#include <twill/runtime/blocking.hpp>
#include <twill/runtime/compute.hpp>
#include <twill/runtime/detail/event_crew.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <latch>
#include <semaphore>
#include <stop_token>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::runtime;
using twill::runtime_options;
using twill::scope_ref;
using twill::task;
using twill::detail::event_crew;

// Threads come as soon as tasks wait at several looks; with no delay at all they would never leave.
runtime_options eager(unsigned threads = 4) {
    return {.event_threads = threads, .event_delay = 1ns, .report = [](std::string_view) {}};
}

void compute_for(twill::duration length) {
    for (const auto until = twill::now() + length; twill::now() < until;) {
    }
}

// Yields until there are so many event threads, or fewer, for at most 20 s.
task<bool> until_threads(runtime& here, unsigned least, unsigned most) {
    const auto give_up = twill::now() + 20s;
    while (here.stats().event_threads < least || here.stats().event_threads > most) {
        if (twill::now() > give_up) co_return false;
        co_await twill::sleep(1ms);
    }
    co_return true;
}

TEST(EventThreads, OneIsEnoughForLittle) {
    // Under the thread sanitizer the turn that spawns them takes long.
    runtime here({.event_threads = 4, .event_delay = 10s, .watchdog_limit = 10s});
    here.run([&]() -> task<> {
        co_await twill::scope([&](scope_ref s) -> task<> {
            for (int i = 0; i < 1000; ++i) s.spawn([]() -> task<> { co_await twill::yield(); });
            co_return;
        });
    });
    EXPECT_EQ(here.stats().event_threads, 1U);
    EXPECT_EQ(here.stats().event_threads_called, 0U);
}

TEST(EventThreads, TasksRunAtOnceWhenTheyWaitTooLong) {
    runtime here({.event_threads = 2});
    std::latch both(2);
    here.run([&]() -> task<> {
        co_await twill::scope([&](scope_ref s) -> task<> {
            for (int i = 0; i < 2; ++i)
                s.spawn([&]() -> task<> {
                    both.arrive_and_wait();  // needs a thread for each
                    co_return;
                });
            co_return;
        });
    });
    EXPECT_GE(here.stats().event_threads_called, 1U);
}

TEST(EventThreads, LeaveWhenThereIsNothingToDo) {
    runtime here(eager());
    here.run([&]() -> task<> {
        twill::atomic<bool> enough{false};
        co_await twill::scope([&](scope_ref s) -> task<> {
            for (int i = 0; i < 16; ++i)
                s.spawn([&]() -> task<> {
                    while (!enough.load()) {
                        compute_for(50us);
                        co_await twill::yield();
                    }
                });
            EXPECT_TRUE(co_await until_threads(here, 2, 4)) << "they come";
            enough.store(true);
        });
        EXPECT_TRUE(co_await until_threads(here, 1, 1)) << "they leave";
    });
    EXPECT_EQ(here.stats().event_threads, 1U);
}

TEST(EventThreads, RunReturnsOnItsThreadAndRunsAgain) {
    runtime here(eager());
    const auto host = std::this_thread::get_id();
    for (int round = 0; round < 200; ++round) {
        const int sum = here.run([]() -> task<int> {
            twill::atomic<int> count{0};
            co_await twill::scope([&](scope_ref s) -> task<> {
                for (int i = 0; i < 20; ++i)
                    s.spawn([&]() -> task<> {
                        co_await twill::yield();
                        count.fetch_add(1);
                    });
                co_return;
            });
            co_return count.load();
        });
        EXPECT_EQ(sum, 20);
        EXPECT_EQ(std::this_thread::get_id(), host);
        EXPECT_EQ(here.stats().event_threads, 1U);
    }
}

TEST(EventThreads, ScopesOfThousands) {
    runtime here(eager());
    here.run([&]() -> task<> {
        for (int round = 0; round < 5; ++round) {
            twill::atomic<int> count{0};
            co_await twill::scope([&](scope_ref s) -> task<> {
                for (int i = 0; i < 5000; ++i)
                    s.spawn([&, s]() -> task<> {
                        co_await twill::yield();
                        s.spawn([&] { count.fetch_add(1); });
                    });
                co_return;
            });
            EXPECT_EQ(count.load(), 5000);
        }
    });
}

TEST(EventThreads, FailuresAndCancellationsRaceWithCompletions) {
    runtime here(eager());
    here.run([&]() -> task<> {
        for (int round = 0; round < 200; ++round) {
            const bool failed = co_await throws<failure>(twill::scope([&](scope_ref s) -> task<> {
                for (int i = 0; i < 30; ++i)
                    s.spawn([i]() -> task<> {
                        for (int n = 0; n < i; ++n) co_await twill::yield();
                        if (i % 10 == 9) co_await fail(i);
                        co_await twill::sleep(i % 3 == 0 ? 50us : 1h);
                    });
                co_return;
            }));
            EXPECT_TRUE(failed);
        }
    });
}

TEST(EventThreads, TimeLimitsRaceWithTheWork) {
    runtime here(eager());
    here.run([&]() -> task<> {
        twill::atomic<int> ended{0};
        co_await twill::scope([&](scope_ref s) -> task<> {
            for (int i = 0; i < 300; ++i)
                s.spawn([&, i]() -> task<> {
                    const auto length = std::chrono::microseconds(50 + i);
                    co_await throws<twill::timed_out>(
                        twill::with_timeout(length, twill::sleep(100us)));
                    ended.fetch_add(1);
                });
            co_return;
        });
        EXPECT_EQ(ended.load(), 300);
    });
}

TEST(EventThreads, LosersOfWhenAnyAreJoined) {
    runtime here(eager());
    here.run([&]() -> task<> {
        twill::atomic<int> running{0};
        auto runner = [&](int turns) -> task<int> {
            running.fetch_add(1);
            try {
                for (int i = 0; i < turns; ++i) co_await twill::yield();
            } catch (const twill::cancelled&) {
                running.fetch_sub(1);
                throw;
            }
            running.fetch_sub(1);
            co_return turns;
        };
        for (int round = 0; round < 200; ++round) {
            std::vector<task<int>> all;
            for (int i = 0; i < 8; ++i) all.push_back(runner(10 + i));
            const auto first = co_await twill::when_any(std::move(all));
            EXPECT_EQ(first.value, static_cast<int>(first.index) + 10);
            EXPECT_EQ(running.load(), 0);
            const auto both = co_await twill::when_all(runner(1), runner(2));
            EXPECT_EQ(std::get<0>(both) + std::get<1>(both), 3);
        }
    });
}

TEST(EventThreads, CallsOnOtherPoolsComeBack) {
    runtime here(eager());
    here.run([&]() -> task<> {
        twill::atomic<int> sum{0};
        co_await twill::scope([&](scope_ref s) -> task<> {
            for (int i = 0; i < 200; ++i)
                s.spawn([&, i]() -> task<> {
                    if (i % 2 == 0)
                        sum.fetch_add(co_await twill::compute([] { return 1; }));
                    else
                        sum.fetch_add(co_await twill::blocking([] { return 1; }));
                });
            co_return;
        });
        EXPECT_EQ(sum.load(), 200);
    });
}

TEST(EventThreads, DescriptorsAreServedWhereverTheirTasksRun) {
    runtime here(eager());
    here.run([&]() -> task<> {
        co_await twill::scope([&](scope_ref s) -> task<> {
            for (int i = 0; i < 16; ++i)
                s.spawn([]() -> task<> {
                    auto [there_read, there_write] = twill::make_pipe();
                    auto [back_read, back_write] = twill::make_pipe();
                    co_await twill::when_all(
                        [](auto& in, auto& out) -> task<> {
                            std::array<std::byte, 1> byte{};
                            for (int n = 0; n < 200; ++n) {
                                co_await out.write_all(byte);
                                EXPECT_EQ(co_await in.read_some(byte), 1U);
                            }
                        }(back_read, there_write),
                        [](auto& in, auto& out) -> task<> {
                            std::array<std::byte, 1> byte{};
                            for (int n = 0; n < 200; ++n) {
                                EXPECT_EQ(co_await in.read_some(byte), 1U);
                                co_await out.write_all(byte);
                            }
                        }(there_read, back_write));
                    EXPECT_TRUE(co_await throws<twill::timed_out>(
                        twill::with_timeout(100us, [](auto& in) -> task<> {
                            std::array<std::byte, 1> byte;
                            static_cast<void>(co_await in.read_some(byte));
                        }(back_read))));
                });
            co_return;
        });
    });
}

// The host has a task that does not come back until all else has been served.
TEST(EventThreads, OthersGoOnBesideAStuckTask) {
    for (const auto watching : {twill::watchdog::report, twill::watchdog::off}) {
        runtime here({.event_threads = 2, .watchdog = watching, .report = [](std::string_view) {}});
        std::binary_semaphore served{0};
        here.run([&]() -> task<> {
            auto [from, to] = twill::make_pipe();
            co_await twill::scope([&](scope_ref s) -> task<> {
                s.spawn([&] { served.acquire(); });
                s.spawn([&]() -> task<> {
                    std::array<std::byte, 1> byte;
                    for (int i = 0; i < 20; ++i) EXPECT_EQ(co_await from.read_some(byte), 1U);
                    served.release();
                });
                s.spawn([&]() -> task<> {
                    const std::array<std::byte, 1> byte{};
                    for (int i = 0; i < 20; ++i) {
                        co_await twill::sleep(2ms);
                        co_await to.write_all(byte);
                    }
                });
                co_return;
            });
        });
        EXPECT_EQ(here.stats().held_up != 0, watching == twill::watchdog::report);
    }
}

TEST(EventThreads, StopFromAnotherThreadEndsAll) {
    for (int round = 0; round < 50; ++round) {
        runtime here(eager());
        std::binary_semaphore running{0};
        std::thread other([&] {
            running.acquire();
            here.stop();
        });
        EXPECT_THROW(here.run([&]() -> task<> {
            co_await twill::scope([&](scope_ref s) -> task<> {
                for (int i = 0; i < 50; ++i)
                    s.spawn([]() -> task<> {
                        for (;;) co_await twill::yield();
                    });
                running.release();
                co_await for_ever();
            });
        }),
                     twill::cancelled);
        other.join();
    }
}

TEST(EventThreads, AReportOfWhatRunsMayBeMadeMeanwhile) {
    runtime here(eager());
    here.run([&]() -> task<> {
        co_await twill::scope([&](scope_ref s) -> task<> {
            for (int i = 0; i < 50; ++i)
                s.spawn([]() -> task<> {
                    for (int n = 0; n < 100; ++n) co_await twill::sleep(10us);
                });
            for (int n = 0; n < 50; ++n) {
                EXPECT_NE(here.dump(), "");
                co_await twill::yield();
            }
        });
    });
}

// With more of them than a ring holds, each has its turn, however many threads there are. The few
// that a thread has in its hands when the kernel takes its CPU away fall behind. Counted from when
// all of them are there: until then those who came first share among themselves.
TEST(EventThreads, TenThousandYieldingTasksHaveEqualShares) {
    for (const unsigned threads : {2U, 4U}) {
        runtime here(eager(threads));
        std::vector<std::uint64_t> resumes(10'000);
        here.run([&]() -> task<> {
            twill::atomic<bool> complete{false};
            twill::atomic<bool> enough{false};
            twill::atomic<std::uint64_t> all{0};
            co_await twill::scope([&](scope_ref s) -> task<> {
                for (auto& mine : resumes)
                    s.spawn([&]() -> task<> {
                        for (; !enough.load(std::memory_order_relaxed); co_await twill::yield()) {
                            if (!complete.load(std::memory_order_relaxed)) continue;
                            ++mine;
                            if (all.fetch_add(1) + 1 == 1'000'000) enough.store(true);
                        }
                    });
                complete.store(true);
                co_return;
            });
        });
        std::sort(resumes.begin(), resumes.end());
        const auto middle = static_cast<double>(resumes[5'000]);
        EXPECT_GE(static_cast<double>(resumes[1'000]), 0.8 * middle) << threads << " threads";
        EXPECT_LE(static_cast<double>(resumes.back()), 1.25 * middle) << threads << " threads";
    }
}

TEST(EventThreads, IdleCostsNothing) {
    runtime here(eager());
    here.run([&]() -> task<> {
        co_await twill::scope([&](scope_ref s) -> task<> {
            for (int i = 0; i < 1000; ++i) s.spawn([]() -> task<> { co_await twill::yield(); });
            co_return;
        });
        EXPECT_TRUE(co_await until_threads(here, 1, 1));
        const auto calls = here.stats().event_threads_called;
        co_await twill::sleep(100ms);
        EXPECT_EQ(here.stats().event_threads_called, calls);
        EXPECT_EQ(here.stats().event_threads, 1U);
    });
}

// A crew by itself, without I/O: counts the turns at its reactor.
class idle_reactor final : public twill::reactor {
public:
    [[nodiscard]] int polls() const { return polls_.load(); }
    bool submit(twill::io_request& /*what*/) noexcept override { return false; }
    void cancel(twill::io_request& /*what*/) noexcept override {}
    void forget(twill::io_source& /*source*/) noexcept override {}
    std::size_t poll(twill::duration limit) noexcept override {
        polls_.fetch_add(1);
        if (limit == twill::duration::zero())
            static_cast<void>(woken_.try_acquire());
        else
            static_cast<void>(woken_.try_acquire_for(std::min<twill::duration>(limit, 1h)));
        return 0;
    }
    bool ready() noexcept override { return false; }
    void wake() noexcept override { woken_.release(); }

private:
    twill::atomic<int> polls_{0};
    std::counting_semaphore<> woken_{0};
};

class one_further_thread final : public twill::detail::thread_source {
public:
    bool call(twill::runnable& work) noexcept override {
        if (thread_.joinable()) return false;
        thread_ = std::jthread([&work] { work.run(work); });
        return true;
    }
    bool take_back(twill::runnable& /*work*/) noexcept override { return false; }

private:
    std::jthread thread_;
};

// It was asked only when there was nothing else to do.
TEST(EventThreads, TheReactorHasItsTurnBesideWorkThatOtherThreadsPostAllTheTime) {
    constexpr int wanted = 10;
    constexpr int most = 1000;
    idle_reactor io;
    // A second thread would sleep in the reactor for a while, which is a turn, too, but one only.
    struct no_thread final : twill::detail::thread_source {
        bool call(twill::runnable& /*work*/) noexcept override { return false; }
        bool take_back(twill::runnable& /*work*/) noexcept override { return false; }
    } none;
    event_crew crew(io, none, {.most_threads = 2});
    struct posted final : twill::runnable {
        posted() : runnable(&posted::ran) {}
        static void ran(runnable& self) noexcept {
            auto& me = static_cast<posted&>(self);
            if (++me.runs == most || me.io->polls() >= wanted) {
                me.done = true;
                return;
            }
            me.ask.release();
            me.again.acquire();  // it is in the queue again, from another thread
        }
        idle_reactor* io = nullptr;
        int runs = 0;
        twill::atomic<bool> done{false};
        std::binary_semaphore ask{0};
        std::binary_semaphore again{0};
    } work;
    work.io = &io;
    crew.post(work);
    std::jthread other([&](const std::stop_token& stop) {
        for (work.ask.acquire(); !stop.stop_requested(); work.ask.acquire()) {
            crew.post(work);
            work.again.release();
        }
    });
    crew.drive(work.done);
    other.request_stop();
    work.ask.release();
    EXPECT_LT(work.runs, most);
}

// They waited for the task that the first of them had resumed.
TEST(EventThreads, TimersThatExpireTogetherDoNotWaitForOneAnother) {
    idle_reactor io;
    one_further_thread threads;
    event_crew crew(io, threads, {.most_threads = 2});
    struct alarm final : twill::timer {
        alarm() : timer(&alarm::rang) {}
        static void rang(timer& self) noexcept {
            auto& me = static_cast<alarm&>(self);
            if (me.waits_for != nullptr) {
                static_cast<void>(me.crew->workers().front()->want_relief(0));
                EXPECT_TRUE(me.waits_for->has_rung.try_acquire_for(20s));
                me.done->store(true);
                me.crew->end();
            }
            me.has_rung.release();
        }
        event_crew* crew = nullptr;
        alarm* waits_for = nullptr;
        twill::atomic<bool>* done = nullptr;
        std::binary_semaphore has_rung{0};
    } first, second;
    twill::atomic<bool> done{false};
    first.crew = &crew;
    first.waits_for = &second;
    first.done = &done;
    first.deadline = second.deadline = twill::now();
    EXPECT_TRUE(crew.arm(first));
    EXPECT_TRUE(crew.arm(second));
    crew.drive(done);
}

TEST(EventThreads, AreRefusedTogetherWithHandOver) {
    EXPECT_THROW(runtime({.event_threads = 2, .watchdog = twill::watchdog::hand_over}),
                 twill::usage_error);
    EXPECT_GE(runtime({.event_threads = 0}).options().event_threads, 1U);
}

}  // namespace
