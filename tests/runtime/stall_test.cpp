// A run in which all tasks wait for one another is reported instead of hanging in silence.
#include <twill/async/channel.hpp>
#include <twill/async/mutex.hpp>
#include <twill/async/select.hpp>
#include <twill/core/cancelled.hpp>
#include <twill/core/event.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/io/pipe.hpp>
#include <twill/runtime/blocking.hpp>
#include <twill/runtime/runtime.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;
using twill::scope_ref;
using twill::task;

task<> lock_both(twill::mutex& first, twill::mutex& second) {
    const auto one = co_await first.lock();
    co_await twill::yield();
    const auto other = co_await second.lock();
}

// The report ends the deadlock, by stopping the run.
TEST(Stall, TasksThatWaitForOneAnotherAreReportedWithWhereTheyWait) {
    std::string said;
    twill::runtime* running = nullptr;
    twill::runtime here({.stall_limit = 10ms, .report = [&](std::string_view text) {
                             said += text;
                             running->stop();
                         }});
    running = &here;
    EXPECT_THROW(here.run([]() -> task<> {
        twill::mutex left;
        twill::mutex right;
        co_await twill::scope([&](scope_ref s) -> task<> {
            s.spawn(lock_both, std::ref(left), std::ref(right));
            s.spawn(lock_both, std::ref(right), std::ref(left));
            co_return;
        });
    }),
                 twill::cancelled);
    EXPECT_TRUE(said.starts_with("twill: nothing has happened")) << said;
    const auto first = said.find("waits: lock a mutex, in lock_both");
    ASSERT_NE(first, std::string::npos) << said;
    EXPECT_NE(said.find("waits: lock a mutex, in lock_both", first + 1), std::string::npos) << said;
}

// Counts how often event threads went to sleep.
class sleeps_counted final : public twill::event_sink {
public:
    sleeps_counted() noexcept { twill::set_event_sink(this); }
    ~sleeps_counted() { twill::set_event_sink(nullptr); }
    sleeps_counted(const sleeps_counted&) = delete;
    sleeps_counted& operator=(const sleeps_counted&) = delete;
    [[nodiscard]] int count() const noexcept { return count_.load(); }

private:
    void record(const twill::event& what) noexcept override {
        if (what.kind == twill::event_kind::park) count_.fetch_add(1);
    }
    std::atomic<int> count_{0};
};

// What a run said until a thread that is none of twill's ended it. The stall limit passes with each
// sleep, after which it is looked whether all tasks wait for one another: so that was done `sleeps`
// times before the last one.
std::string said_beside(int sleeps, task<> (*beside)(twill::channel<int>&)) {
    const sleeps_counted so_far;
    std::string said;
    twill::runtime here(
        {.stall_limit = 1ns, .report = [&](std::string_view text) { said += text; }});
    twill::channel<int> end(1);
    std::thread outside;
    here.run([&]() -> task<> {
        co_await twill::scope([&](scope_ref s) -> task<> {
            s.spawn(beside, std::ref(end));
            outside = std::thread([&] {
                while (so_far.count() <= sleeps) std::this_thread::yield();
                end.close();
            });
            co_return;
        });
    });
    outside.join();
    return said;
}

TEST(Stall, IsToldOnceUntilSomethingHappens) {
    const std::string said =
        said_beside(1, [](twill::channel<int>& end) -> task<> { co_await end.receive(); });
    const auto first = said.find("nothing has happened");
    ASSERT_NE(first, std::string::npos);
    EXPECT_EQ(said.find("nothing has happened", first + 1), std::string::npos) << said;
}

// A program that is fed by a plain thread is stalled between two feeds, as seen from here.
TEST(Stall, IsToldMoreSeldomWhenTheTasksGoOnAfterIt) {
    constexpr int feeds = 25;
    int reports = 0;
    twill::runtime here({.stall_limit = 1ms, .report = [&](std::string_view) { ++reports; }});
    twill::channel<int> food(1);
    std::thread feeder([&] {
        for (int i = 0; i < feeds; ++i) {
            std::this_thread::sleep_for(10ms);
            food.send_blocking(i);
        }
        food.close();
    });
    here.run([&]() -> task<> {
        while (co_await food.receive()) {
        }
    });
    feeder.join();
    // After 1, 2, 4, ... ms: each takes as long as all before it.
    EXPECT_GT(reports, 0);
    EXPECT_LT(reports, feeds * 3 / 4);
}

TEST(Stall, IsNoneWhileATaskWaitsForACall) {
    EXPECT_EQ(said_beside(1,
                          [](twill::channel<int>& end) -> task<> {
                              co_await twill::blocking([&] { end.receive_blocking(); });
                          }),
              "");
}

TEST(Stall, IsNoneWhileATaskSleeps) {
    EXPECT_EQ(said_beside(0,
                          [](twill::channel<int>& end) -> task<> {
                              for (int i = 0; i < 3; ++i) co_await twill::sleep(1us);
                              co_await twill::select(twill::sleep(1h), end.receive());
                          }),
              "");
}

}  // namespace
