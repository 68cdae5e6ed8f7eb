#include <twill/async/main_loop.hpp>

#include <twill/async/channel.hpp>
#include <twill/async/manual_reset_event.hpp>
#include <twill/async/mutex.hpp>
#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/task_local.hpp>
#include <twill/core/timeout.hpp>
#include <twill/core/when_all.hpp>
#include <twill/io/pipe.hpp>
#include <twill/runtime/blocking.hpp>
#include <twill/runtime/compute.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <utility>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::main_loop;
using twill::task;

// An event loop as others have it: it polls descriptors, and this one of them wakes it up.
class foreign_loop {
public:
    foreign_loop() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
    ~foreign_loop() { ::close(descriptor_); }
    void wake_up() const noexcept {
        const std::uint64_t one = 1;
        static_cast<void>(::write(descriptor_, &one, sizeof one));
    }
    void run(const std::function<void()>& when_woken) {
        while (!over_) turn(when_woken);
    }
    // False: nobody woke it for so long.
    bool turn(const std::function<void()>& when_woken, int milliseconds = -1) const {
        pollfd what{descriptor_, POLLIN, 0};
        const int found = ::poll(&what, 1, milliseconds);
        if (found != 1) return found != 0;
        std::uint64_t count = 0;
        static_cast<void>(::read(descriptor_, &count, sizeof count));
        when_woken();
        return true;
    }
    void quit() noexcept { over_ = true; }  // in its own thread

private:
    int descriptor_;
    bool over_ = false;
};

// Runs `program(ui)` in a runtime on another thread, and the loop on this one until it has ended.
void beside_a_loop(const std::function<task<>(main_loop&)>& program,
                   const twill::runtime_options& how = {}) {
    foreign_loop loop;
    main_loop ui([&] { loop.wake_up(); });
    std::thread background([&] {
        twill::run(how, [&]() -> task<> {
            co_await program(ui);
            co_await ui.run([&] { loop.quit(); });
        });
    });
    loop.run([&] { ui.drain(); });
    background.join();
}

TEST(main_loop, calls_functions_in_its_thread) {
    const auto here = std::this_thread::get_id();
    beside_a_loop([&](main_loop& ui) -> task<> {
        EXPECT_NE(std::this_thread::get_id(), here);
        auto text = std::make_unique<std::string>("text");
        EXPECT_EQ(co_await ui.run([&, text = std::move(text)] {
            EXPECT_EQ(std::this_thread::get_id(), here);
            return text->size();
        }),
                  4U);
        EXPECT_NE(std::this_thread::get_id(), here);
        EXPECT_TRUE(co_await throws<failure>(ui.run([] { throw failure(1); })));
    });
}

TEST(main_loop, runs_all_of_a_task_in_its_thread) {
    const auto here = std::this_thread::get_id();
    beside_a_loop([&](main_loop& ui) -> task<> {
        twill::channel<int> c(0);
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                for (int i = 0; i < 100; ++i) co_await c.send(i);
                c.close();
            });
            co_await ui.run([&]() -> task<> {
                const auto check = [&] { EXPECT_EQ(std::this_thread::get_id(), here); };
                int next = 0;
                while (auto n = co_await c.receive()) {
                    check();
                    EXPECT_EQ(*n, next++);
                }
                co_await twill::sleep(1ms);
                check();
                co_await twill::yield();
                check();
                EXPECT_EQ(co_await twill::compute([] { return 7; }), 7);
                check();
                EXPECT_EQ(co_await twill::blocking([] { return 8; }), 8);
                check();
                // Children run there, too.
                co_await twill::when_all(give_later(1), [&]() -> task<> {
                    co_await twill::sleep(1ms);
                    check();
                }());
                check();
            });
        });
    });
}

TEST(main_loop, task_there_reads_and_writes) {
    const auto here = std::this_thread::get_id();
    beside_a_loop([&](main_loop& ui) -> task<> {
        auto [reader, writer] = twill::make_pipe();
        co_await twill::when_all(ui.run([&]() -> task<> {
            std::array<std::byte, 100'000> all;
            co_await reader.read_exactly(all);
            EXPECT_EQ(all.back(), std::byte{'x'});
            EXPECT_EQ(std::this_thread::get_id(), here);
        }),
                                 writer.write_all(std::string(100'000, 'x')));
    });
}

TEST(main_loop, task_there_is_cancelled_with_who_waits_for_it) {
    beside_a_loop([](main_loop& ui) -> task<> {
        EXPECT_TRUE(co_await throws<twill::timed_out>(
            twill::with_timeout(1ms, ui.run([] { return for_ever(); }))));
    });
}

// A timer that runs a function when it goes off, on the event thread.
class alarm final : public twill::timer {
public:
    explicit alarm(std::function<void()> what) : timer(&alarm::off), what_(std::move(what)) {
        deadline = twill::now();
    }

private:
    static void off(timer& self) noexcept { static_cast<alarm&>(self).what_(); }
    std::function<void()> what_;
};

// The timer of a time limit goes off while what it limits ends: then it is the last that the task
// waits for, and it is on another thread.
TEST(main_loop, task_there_goes_on_there_after_a_limit_that_expires_at_the_end) {
    const auto here = std::this_thread::get_id();
    foreign_loop loop;
    main_loop ui([&] { loop.wake_up(); });
    twill::manual_reset_event work_may_end;
    twill::atomic<bool> waits{false};
    twill::atomic<bool> work_has_ended{false};
    bool ends = false;  // in the loop's thread only
    // Between the two timers, both of which were due.
    alarm before_the_limit([&] {
        work_may_end.set();
        work_has_ended.wait(false);
    });
    const auto in_the_loop = [&]() -> task<> {
        const auto work = [&]() -> task<> {
            waits = true;
            waits.notify_one();
            co_await work_may_end.wait();
            ends = true;
        };
        try {
            co_await twill::with_timeout(1ms, work());
        } catch (const twill::timed_out&) {
        }
        EXPECT_EQ(std::this_thread::get_id(), here);
    };
    std::thread background([&] {
        twill::run({}, [&]() -> task<> {
            co_await twill::scope([&](twill::scope_ref s) -> task<> {
                s.spawn([&]() -> task<> { co_await ui.run(in_the_loop); });
                co_await twill::yield();
                auto& timers = (co_await twill::detail::current()).home();
                waits.wait(false);
                timers.arm(before_the_limit);
                // Until the limit is due, too: this thread looks at neither of them meanwhile.
                std::this_thread::sleep_for(5ms);
            });
            co_await ui.run([&] { loop.quit(); });
        });
    });
    loop.run([&] {
        ui.drain();
        if (!ends) return;
        work_has_ended = true;
        work_has_ended.notify_one();
    });
    background.join();
    EXPECT_TRUE(ends);
}

// Such as a modal dialog, which is closed by another function that was ready by then.
TEST(main_loop, function_that_turns_the_loop_lets_the_others_go_on) {
    foreign_loop loop;
    main_loop ui([&] { loop.wake_up(); });
    std::latch both_are_ready(1);
    bool closed = false;  // in the loop's thread only
    std::thread background([&] {
        twill::run({.event_threads = 1}, [&]() -> task<> {
            co_await twill::scope([&](twill::scope_ref s) -> task<> {
                s.spawn([&]() -> task<> {
                    co_await ui.run([&] {
                        while (!closed)
                            if (!loop.turn([&] { ui.drain(); }, 5'000)) break;
                        EXPECT_TRUE(closed) << "what was taken with it never ran";
                    });
                });
                s.spawn([&]() -> task<> { co_await ui.run([&] { closed = true; }); });
                s.spawn([&]() -> task<> {
                    both_are_ready.count_down();
                    co_return;
                });
                co_return;
            });
            co_await ui.run([&] { loop.quit(); });
        });
    });
    both_are_ready.wait();
    loop.run([&] { ui.drain(); });
    background.join();
    EXPECT_TRUE(closed);
}

TEST(main_loop, calls_that_block_are_refused_there) {
    beside_a_loop([](main_loop& ui) -> task<> {
        twill::mutex m;
        EXPECT_TRUE(co_await throws<twill::usage_error>(
            ui.run([&] { const auto guard = m.lock_blocking(); })));
    });
}

TEST(main_loop, drained_inside_of_poke_ends_the_program_with_a_reason) {
    const auto poke_that_drains = [] {
        main_loop* itself = nullptr;
        main_loop ui([&] { itself->drain(); });
        itself = &ui;
        twill::run({}, [&]() -> task<> { co_await ui.run([] {}); });
    };
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    EXPECT_DEATH(poke_that_drains(), "drain was called inside of poke");
}

TEST(main_loop, task_there_inherits_task_locals) {
    static twill::task_local<int> number(0);
    beside_a_loop([](main_loop& ui) -> task<> {
        const auto ask = [&]() -> task<int> {
            co_return co_await ui.run([]() -> task<int> { co_return co_await number.get(); });
        };
        EXPECT_EQ(co_await number.with(5, ask()), 5);
    });
}

TEST(main_loop, that_always_has_something_lets_the_loop_have_its_turn) {
    foreign_loop loop;
    main_loop ui([&] { loop.wake_up(); });
    int turns = 0;
    std::thread background([&] {
        twill::run({}, [&]() -> task<> {
            co_await ui.run([&]() -> task<> {
                twill::channel<int> c(1);
                while (turns < 5) {
                    co_await c.send(1);
                    co_await c.receive();
                }
                loop.quit();
            });
        });
    });
    loop.run([&] {
        ++turns;
        ui.drain();
    });
    // The task was told that it has ended by the last turn.
    background.join();
    EXPECT_GE(turns, 5);
}

TEST(main_loop, belongs_to_one_runtime) {
    beside_a_loop([](main_loop& ui) -> task<> {
        co_await ui.run([] {});
        std::thread other([&] {
            twill::run({}, [&]() -> task<> {
                EXPECT_TRUE(co_await throws<twill::usage_error>(ui.run([] {})));
            });
        });
        co_await twill::blocking([&] { other.join(); });
    });
}

TEST(main_loop, many_calls_from_many_tasks_come_through) {
    int count = 0;  // in the loop's thread only
    beside_a_loop([&](main_loop& ui) -> task<> {
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            for (int t = 0; t < 20; ++t)
                s.spawn([&]() -> task<> {
                    for (int i = 0; i < 100; ++i) co_await ui.run([&] { ++count; });
                });
            co_return;
        });
        EXPECT_EQ(co_await ui.run([&] { return count; }), 2'000);
    });
}

TEST(main_loop, serves_tasks_on_several_event_threads) {
    const auto here = std::this_thread::get_id();
    beside_a_loop(
        [&](main_loop& ui) -> task<> {
            int calls = 0;  // by the loop's thread alone
            twill::channel<int> numbers(3);
            co_await twill::scope([&](twill::scope_ref s) -> task<> {
                for (int i = 0; i < 20; ++i)
                    s.spawn([&]() -> task<> {
                        for (int n = 0; n < 50; ++n) {
                            co_await ui.run([&] { ++calls; });
                            co_await numbers.send(n);
                        }
                    });
                s.spawn([&]() -> task<> {
                    co_await ui.run([&]() -> task<> {
                        for (int n = 0; n < 20 * 50; ++n) {
                            co_await numbers.receive();
                            EXPECT_EQ(std::this_thread::get_id(), here);
                        }
                    });
                });
                // One that is cancelled while it is there.
                s.spawn([&]() -> task<> {
                    for (int n = 0; n < 50; ++n) {
                        const auto long_one = [] { return for_ever(); };
                        EXPECT_TRUE(co_await throws<twill::timed_out>(
                            twill::with_timeout(10us, ui.run(long_one))));
                    }
                });
                co_return;
            });
            EXPECT_EQ(co_await ui.run([&] { return calls; }), 20 * 50);
        },
        {.event_threads = 2, .event_delay = 0ns});
}

TEST(main_loop, call_that_is_cut_anywhere_ends) {
    cancel_everywhere([]() -> task<> {
        auto own = std::make_unique<main_loop>([] {});
        // As a loop: it is drained by a thread of its own until the run has ended.
        twill::atomic<bool> over{false};
        std::thread thread([&] {
            while (!over.load()) {
                own->drain();
                std::this_thread::yield();
            }
        });
        std::exception_ptr cut;
        try {
            co_await own->run([]() -> task<> {
                co_await twill::yield();
                co_await twill::sleep(10us);
            });
            co_await own->run([] {});
        } catch (...) {
            cut = std::current_exception();
        }
        over.store(true);
        thread.join();
        if (cut) std::rethrow_exception(cut);
    });
}

}  // namespace
