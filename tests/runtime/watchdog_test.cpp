// A task that does not let its event thread go.
#include "runtime/event_watch.hpp"
#include "runtime/thread_state.hpp"

#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/shield.hpp>
#include <twill/core/sleep.hpp>
#include <twill/io/pipe.hpp>
#include <twill/runtime/blocking_pool.hpp>
#include <twill/runtime/detail/ticker.hpp>
#include <twill/runtime/detail/watched_worker.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <sys/single_threaded.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using twill::now;
using twill::runtime;
using twill::runtime_options;
using twill::scope_ref;
using twill::task;
using twill::watchdog;
using twill::detail::ticker;

// A thread beside the test's: a program that has none is watched only once it was held up.
class companion {
public:
    companion(const companion&) = delete;
    companion& operator=(const companion&) = delete;
    companion() = default;
    ~companion() {
        end_.store(true);
        end_.notify_all();
    }

private:
    twill::atomic<bool> end_{false};
    std::jthread thread_{[this] { end_.wait(false); }};
};

// Collects what a runtime reports.
class reports {
public:
    // Several tests of one process would run out of what it may report.
    reports() { twill::detail::event_watch::forget_reports(); }
    runtime_options options() {
        return {.report = [this](std::string_view text) {
            const std::lock_guard hold(lock_);
            all_.emplace_back(text);
            came_.notify_all();
        }};
    }
    // Blocks until there are so many; false: not within 20 seconds.
    bool wait_for(std::size_t count) {
        std::unique_lock hold(lock_);
        return came_.wait_for(hold, 20s, [&] { return all_.size() >= count; });
    }
    std::vector<std::string> all() {
        const std::lock_guard hold(lock_);
        return all_;
    }

private:
    const companion beside_;
    std::mutex lock_;
    std::condition_variable came_;
    std::vector<std::string> all_;
};

// Computes until the watchdog has found `count` tasks; false: not within 20 seconds.
bool spin_until_found(const runtime& in, std::uint64_t count) {
    const auto give_up = now() + 20s;
    while (in.stats().held_up < count)
        if (now() > give_up) return false;
    return true;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST(Watchdog, NamesATaskThatComputesWhileOthersAreReady) {
    reports got;
    runtime here(got.options());
    int line = 0;
    here.run([&]() -> task<> {
        co_await twill::scope([&](scope_ref s) -> task<> {
            line = __LINE__ + 1;
            s.spawn([&] { EXPECT_TRUE(spin_until_found(here, 1)); });
            s.spawn([] {});
            co_return;
        });
    });
    ASSERT_TRUE(got.wait_for(1));
    const std::string text = got.all()[0];
    EXPECT_TRUE(contains(text, "watchdog_test.cpp:" + std::to_string(line))) << text;
    EXPECT_TRUE(contains(text, "computes")) << text;
    EXPECT_TRUE(contains(text, "twill::compute")) << text;
    EXPECT_EQ(here.stats().held_up, 1U) << "one turn counts once";
}

TEST(Watchdog, NamesATaskThatBlocksAndTheCallThatItBlocksIn) {
    reports got;
    runtime here(got.options());
    int line = 0;
    here.run([&]() -> task<> {
        co_await twill::scope([&](scope_ref s) -> task<> {
            line = __LINE__ + 1;
            s.spawn([&]() -> task<> {
                co_await twill::yield();
                EXPECT_TRUE(got.wait_for(1));
            });
            for (int i = 0; i < 3; ++i) s.spawn([]() -> task<> { co_await twill::yield(); });
            co_return;
        });
    });
    const std::string text = got.all().at(0);
    EXPECT_TRUE(contains(text, "watchdog_test.cpp:" + std::to_string(line))) << text;
    EXPECT_TRUE(contains(text, "blocked in the system call futex")) << text;
    EXPECT_TRUE(contains(text, "twill::blocking")) << text;
}

TEST(Watchdog, SeesThatATimerIsDueMeanwhile) {
    reports got;
    runtime here(got.options());
    here.run([&]() -> task<> {
        co_await twill::scope([&](scope_ref s) -> task<> {
            s.spawn([]() -> task<> { co_await twill::sleep(1ms); });
            s.spawn([&]() -> task<> {
                co_await twill::sleep(100us);
                EXPECT_TRUE(spin_until_found(here, 1));
            });
            co_return;
        });
    });
    EXPECT_TRUE(got.wait_for(1));
}

TEST(Watchdog, SeesThatADescriptorIsReadyMeanwhile) {
    reports got;
    runtime here(got.options());
    here.run([&]() -> task<> {
        auto [from, to] = twill::make_pipe();
        co_await twill::scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                std::array<std::byte, 1> byte;
                EXPECT_EQ(co_await from.read_some(byte), 1U);
            });
            s.spawn([&]() -> task<> {
                co_await twill::sleep(1ms);
                const std::array<std::byte, 1> byte{};
                co_await to.write_all(byte);
                EXPECT_TRUE(spin_until_found(here, 1));
            });
            co_return;
        });
    });
    EXPECT_TRUE(got.wait_for(1));
}

// Not a task that ran before.
TEST(Watchdog, NamesATimerThatTakesLong) {
    reports got;
    auto options = got.options();
    const runtime* holder = nullptr;
    bool reported = false;
    options.shutdown_limit = 0ms;
    options.report = [&, keep = options.report](std::string_view text) {
        if (contains(std::string(text), "asked to stop")) {
            EXPECT_TRUE(spin_until_found(*holder, std::exchange(reported, true) ? 0 : 1));
        } else
            keep(text);
    };
    runtime here(options);
    holder = &here;
    here.run([&]() -> task<> {
        here.stop();
        co_await twill::shield(
            [](const bool& seen) -> task<> {
                while (!seen) co_await twill::yield();
            }(reported),
            1h);
    });
    ASSERT_TRUE(got.wait_for(1));
    const std::string text = got.all()[0];
    EXPECT_TRUE(contains(text, "twill: a timer has held")) << text;
}

// Counts ticks and wants none.
class tick_counter final : twill::detail::ticker_client {
public:
    tick_counter() { ticker::process().enrol(*this); }
    ~tick_counter() { ticker::process().leave(*this); }
    tick_counter(const tick_counter&) = delete;
    tick_counter& operator=(const tick_counter&) = delete;
    int count() const { return count_.load(); }

private:
    twill::detail::pulse tick() noexcept override {
        count_.fetch_add(1);
        return twill::detail::pulse::none;
    }
    twill::atomic<int> count_{0};
};

TEST(Watchdog, SaysNothingOfATaskThatNobodyWaitsFor) {
    reports got;
    const tick_counter ticks;
    runtime here(got.options());
    here.run([&]() -> task<> {
        co_await twill::yield();
        // Ten looks and more, since a suspect is looked at each half millisecond.
        const int before = ticks.count();
        const auto give_up = now() + 20s;
        while (ticks.count() < before + 40 && now() < give_up) {
        }
        EXPECT_GE(ticks.count(), before + 40);
    });
    EXPECT_EQ(here.stats().held_up, 0U);
    EXPECT_EQ(got.all().size(), 0U);
}

// Of one runtime, or of several that follow each other.
TEST(Watchdog, CountsAllAndReportsFiveAtMost) {
    reports got;
    for (int i = 0; i < 3; ++i) {
        runtime here(got.options());
        constexpr std::uint64_t hold_ups = 3;
        here.run([&]() -> task<> {
            co_await twill::scope([&](scope_ref s) -> task<> {
                for (std::uint64_t n = 1; n <= hold_ups; ++n)
                    s.spawn([&here, n] { EXPECT_TRUE(spin_until_found(here, n)); });
                s.spawn([] {});
                co_return;
            });
        });
        EXPECT_GE(here.stats().held_up, hold_ups);
    }
    EXPECT_TRUE(got.wait_for(1));
    // A sixth is earned in twelve seconds, and all this takes a fraction of one.
    EXPECT_LE(got.all().size(), 6U);
}

TEST(Watchdog, OffLooksAtNothing) {
    twill::run({.watchdog = watchdog::off}, []() -> task<> {
        const auto give_up = now() + 20s;
        while (!ticker::process().rests() && now() < give_up) co_await twill::sleep(1ms);
        EXPECT_TRUE(ticker::process().rests());
    });
    const companion beside;
    twill::run({.watchdog = watchdog::report}, []() -> task<> {
        EXPECT_FALSE(ticker::process().rests());
        co_return;
    });
}

TEST(Watchdog, GivesAProgramWithoutThreadsNoneBeforeItWasHeldUp) {
    if (!__libc_single_threaded) GTEST_SKIP() << "another test has made a thread";
    twill::run({.watchdog = watchdog::report}, []() -> task<> {
        co_await twill::sleep(1ms);
        EXPECT_TRUE(ticker::process().rests());
        EXPECT_TRUE(__libc_single_threaded);
        const auto end = now() + 2ms;
        while (now() < end) {
        }
        co_await twill::sleep(1us);
        EXPECT_FALSE(ticker::process().rests());
    });
}

// A worker whose turns and sleeps are made up, between the looks of whoever watches it.
class made_up_worker final : public twill::detail::watched_worker,
                             private twill::detail::ticker_client {
public:
    static constexpr twill::duration limit = 1ms;
    enum class sleep { none, between_looks, during_a_look };

    explicit made_up_worker(sleep when) : sleeps_(when) {
        mount(seat_);
        watch_.emplace(
            *this, reporters_,
            twill::detail::event_watch_options{.limit = limit, .report = [](std::string_view) {}});
        ticker::process().enrol(*this);  // each tick is its before it is the watch's
        be_watched();
        seat_.hold.begin_turn(++seat_.turns, 1, false);
        begun_.store(true);
    }
    ~made_up_worker() {
        ticker::process().leave(*this);
        watch_->end();
        unmount();
    }
    // How often the turn was found guilty.
    std::uint64_t found() {
        over_.wait(false);
        return watch_->found();
    }

private:
    void note_region() override {}
    // What a look asks last.
    bool somebody_waits() noexcept override {
        if (sleeps_ == sleep::during_a_look) awake_.store(0);
        return true;
    }
    bool want_relief(std::uint64_t /*turn*/) noexcept override { return false; }
    twill::detail::pulse tick() noexcept override {
        if (!begun_.load()) return twill::detail::pulse::slow;
        switch (looks_++) {
            case 0:
                break;  // it sees the turn
            case 1:
                if (sleeps_ == sleep::between_looks) awake_.store(0);
                for (const auto end = now() + 2 * limit; now() < end || !is_asleep();) {
                }
                if (sleeps_ == sleep::between_looks) be_watched();
                break;  // it sees a turn of the same number
            default:
                awake_.store(0);
                over_.store(true);
                over_.notify_all();
                return twill::detail::pulse::none;
        }
        return twill::detail::pulse::slow;
    }

    // The test's thread: one that is ready to run would not be guilty.
    bool is_asleep() const {
        return twill::detail::state_of(seat_.thread).is ==
               twill::detail::thread_state::kind::asleep;
    }

    const sleep sleeps_;
    twill::blocking_pool reporters_;
    twill::detail::event_seat seat_{*this, this, false};
    std::optional<twill::detail::event_watch> watch_;
    twill::atomic<bool> begun_{false};
    int looks_ = 0;
    twill::atomic<bool> over_{false};
};

// Between a sleep and the first turn after it the number is that of the last turn before it.
TEST(Watchdog, DoesNotTakeATurnBeforeASleepForOneAfterIt) {
    using sleep = made_up_worker::sleep;
    EXPECT_EQ(made_up_worker(sleep::between_looks).found(), 0U);
    EXPECT_EQ(made_up_worker(sleep::none).found(), 1U) << "one that does last is found this way";
}

TEST(Watchdog, DoesNotTakeASleepThatBeginsDuringALookForATurn) {
    EXPECT_EQ(made_up_worker(made_up_worker::sleep::during_a_look).found(), 0U);
}

TEST(Watchdog, LimitOutOfRangeIsRefused) {
    EXPECT_THROW(runtime({.watchdog_limit = 99us}), twill::usage_error);
}

}  // namespace
