// A task that does not let its event thread go, while another thread goes on with the others.
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/io/pipe.hpp>
#include <twill/runtime/blocking.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <latch>
#include <semaphore>
#include <span>
#include <thread>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::runtime;
using twill::runtime_options;
using twill::scope_ref;
using twill::task;
using twill::watchdog;

runtime_options taking_over() {
    return {.watchdog = watchdog::hand_over, .report = [](std::string_view) {}};
}

TEST(HandOver, TimersAndDescriptorsAreServedBesideAStuckTask) {
    runtime here(taking_over());
    const auto host = std::this_thread::get_id();
    std::binary_semaphore served{0};
    twill::atomic<int> after{0};
    here.run([&]() -> task<> {
        auto [from, to] = twill::make_pipe();
        co_await twill::scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                co_await twill::sleep(1ms);
                served.acquire();  // until all others have been served
                co_await twill::sleep(1us);
                after.fetch_add(1);
            });
            s.spawn([&]() -> task<> {
                std::array<std::byte, 1> byte;
                for (int i = 0; i < 20; ++i) EXPECT_EQ(co_await from.read_some(byte), 1U);
                served.release();
            });
            s.spawn([&]() -> task<> {
                const std::array<std::byte, 1> byte{};
                for (int i = 0; i < 20; ++i) {
                    co_await twill::sleep(1ms);
                    co_await to.write_all(byte);
                }
            });
            co_return;
        });
        EXPECT_EQ(after.load(), 1);
    });
    EXPECT_GE(here.stats().hand_overs, 1U);
    EXPECT_EQ(std::this_thread::get_id(), host);
    EXPECT_EQ(here.run([] { return give_later(3); }), 3) << "and it runs again";
}

TEST(HandOver, TheHostGetsTheWorkerBack) {
    runtime here(taking_over());
    const auto host = std::this_thread::get_id();
    std::binary_semaphore go_on{0};
    here.run([&]() -> task<> {
        co_await twill::scope([&](scope_ref s) -> task<> {
            s.spawn([&] { go_on.acquire(); });
            s.spawn([&]() -> task<> {
                EXPECT_NE(std::this_thread::get_id(), host);
                go_on.release();
                while (std::this_thread::get_id() != host) co_await twill::sleep(100us);
            });
            co_return;
        });
    });
    EXPECT_EQ(here.stats().hand_overs, 1U);
}

TEST(HandOver, ManyTasksStuckAtOnceEachGetTheirResult) {
    runtime here(taking_over());
    constexpr int stuck = 20;
    std::latch all(stuck);
    twill::atomic<int> ended{0};
    here.run([&]() -> task<> {
        co_await twill::scope([&](scope_ref s) -> task<> {
            for (int i = 0; i < stuck; ++i)
                s.spawn([&]() -> task<> {
                    all.arrive_and_wait();  // needs a thread for each
                    co_await twill::yield();
                    ended.fetch_add(1);
                });
            co_return;
        });
        EXPECT_EQ(ended.load(), stuck);
    });
    EXPECT_GE(here.stats().hand_overs, static_cast<unsigned>(stuck - 1));
}

TEST(HandOver, ManyInARow) {
    runtime here(taking_over());
    here.run([&]() -> task<> {
        for (int i = 0; i < 20; ++i) {
            std::binary_semaphore go_on{0};
            co_await twill::scope([&](scope_ref s) -> task<> {
                s.spawn([&] { go_on.acquire(); });
                s.spawn([&]() -> task<> {
                    co_await twill::yield();
                    go_on.release();
                });
                co_return;
            });
        }
    });
    EXPECT_GE(here.stats().hand_overs, 20U);
}

TEST(HandOver, AStuckTaskIsCancelledAtItsNextSuspension) {
    runtime here(taking_over());
    std::binary_semaphore go_on{0};
    bool cut_short = false;
    here.run([&]() -> task<> {
        co_await twill::scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                go_on.acquire();
                cut_short = co_await throws<twill::cancelled>(for_ever());
            });
            s.spawn([&, s] {
                s.cancel();
                go_on.release();
            });
            co_return;
        });
    });
    EXPECT_TRUE(cut_short);
}

TEST(HandOver, RootThatIsStuckItselfEndsTheRun) {
    runtime here(taking_over());
    std::binary_semaphore go_on{0};
    EXPECT_EQ(here.run([&]() -> task<int> {
        co_await twill::scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                co_await twill::yield();
                go_on.release();
            });
            co_await twill::yield();
            go_on.acquire();
        });
        co_return 5;
    }),
              5);
}

TEST(HandOver, StopWhileATaskIsStuckWaitsForIt) {
    runtime here(taking_over());
    std::binary_semaphore go_on{0};
    bool came_to_its_end = false;
    EXPECT_THROW(here.run([&]() -> task<> {
        co_await twill::scope([&](scope_ref s) -> task<> {
            s.spawn([&] {
                go_on.acquire();
                came_to_its_end = true;
            });
            s.spawn([&]() -> task<> {
                here.stop();
                EXPECT_TRUE(co_await throws<twill::cancelled>(twill::sleep(1h)));
                go_on.release();
            });
            co_await for_ever();
        });
    }),
                 twill::cancelled);
    EXPECT_TRUE(came_to_its_end);
}

// A thread that posts cannot be relieved at that moment, so one attempt for each is not enough.
TEST(HandOver, TasksThatPostAllTheTimeAreRelievedEach) {
    runtime here(taking_over());
    here.run([&]() -> task<> {
        for (unsigned n = 1; n <= 20 && here.stats().hand_overs + 1 >= n; ++n)
            co_await twill::scope([&](scope_ref s) -> task<> {
                s.spawn([&, n, s] {
                    const auto give_up = twill::now() + 20s;
                    while (here.stats().hand_overs < n && twill::now() < give_up) {
                        s.spawn([] {});
                        for (const auto until = twill::now() + 5us; twill::now() < until;) {
                        }
                    }
                    EXPECT_GE(here.stats().hand_overs, n);
                });
                co_return;
            });
    });
}

TEST(HandOver, AStuckTaskMaySpawnAndDump) {
    runtime here(taking_over());
    twill::atomic<int> ran{0};
    here.run([&]() -> task<> {
        co_await twill::scope([&](scope_ref s) -> task<> {
            s.spawn([&, s] {
                while (ran.load() != 100) {
                    for (int i = 0; i < 100 && here.stats().hand_overs == 0; ++i)
                        std::this_thread::yield();
                    if (here.stats().hand_overs == 0) continue;
                    for (int i = 0; i < 100; ++i) s.spawn([&] { ran.fetch_add(1); });
                    EXPECT_NE(here.dump(), "");
                    while (ran.load() != 100) std::this_thread::yield();
                }
            });
            s.spawn([&]() -> task<> { co_await twill::yield(); });
            co_return;
        });
    });
    EXPECT_EQ(ran.load(), 100);
}

}  // namespace
