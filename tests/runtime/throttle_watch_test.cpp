#include "runtime/throttle_watch.hpp"

#include "support/fake_machine.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::cpu_throttling;
using twill::time_point;
using twill::detail::pulse;
using twill::detail::throttle_rule;
using twill::detail::throttle_watch;
using twill::detail::ticker;

std::vector<cpu_throttling> group(std::uint64_t periods, std::uint64_t throttled,
                                  twill::duration stopped, const char* name = "a") {
    return {{name, periods, throttled, stopped}};
}

TEST(ThrottleRule, SaysWhatHasComeSinceTheLastLook) {
    throttle_rule rule;
    EXPECT_FALSE(rule.seen(group(100, 90, 900ms), time_point() + 1s)) << "that was before";
    const auto found = rule.seen(group(110, 95, 950ms), time_point() + 2s);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->periods, 10U);
    EXPECT_EQ(found->throttled, 5U);
    EXPECT_EQ(found->stopped, 50ms);
    EXPECT_EQ(rule.periods(), 5U);
}

TEST(ThrottleRule, SaysItOnceAMinuteAndCountsOn) {
    throttle_rule rule;
    const time_point begin = time_point() + 1h;
    rule.seen(group(0, 0, 0ms), begin);
    EXPECT_TRUE(rule.seen(group(10, 5, 50ms), begin + 1s));
    EXPECT_FALSE(rule.seen(group(20, 10, 100ms), begin + 2s));
    EXPECT_TRUE(rule.seen(group(30, 15, 150ms), begin + 1s + throttle_rule::between_reports));
    EXPECT_EQ(rule.periods(), 15U);
}

TEST(ThrottleRule, LetsAFewPeriodsPass) {
    throttle_rule rule;
    rule.seen(group(0, 0, 0ms), time_point() + 1s);
    EXPECT_FALSE(rule.seen(group(2, 1, 9ms), time_point() + 2s)) << "one alone";
    EXPECT_FALSE(rule.seen(group(20, 3, 20ms), time_point() + 3s)) << "fewer than one in four";
    EXPECT_TRUE(rule.seen(group(28, 5, 30ms), time_point() + 4s));
}

TEST(ThrottleRule, NamesTheGroupThatWasStoppedLongest) {
    throttle_rule rule;
    const auto both = [](std::uint64_t outer, std::uint64_t inner) {
        return std::vector<cpu_throttling>{{"outer", 10 * outer, 4 * outer, outer * 30ms},
                                           {"inner", 10 * inner, 5 * inner, inner * 9ms}};
    };
    rule.seen(both(1, 1), time_point() + 1s);
    const auto found = rule.seen(both(2, 2), time_point() + 2s);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->source, "outer");
    EXPECT_EQ(rule.periods(), 4U);
}

TEST(ThrottleRule, AnotherGroupsCountsAreNotCompared) {
    throttle_rule rule;
    rule.seen(group(100, 10, 100ms), time_point() + 1s);
    EXPECT_FALSE(rule.seen(group(200, 90, 900ms, "b"), time_point() + 2s));
    EXPECT_FALSE(rule.seen(group(5, 3, 30ms, "b"), time_point() + 3s)) << "made anew";
    EXPECT_EQ(rule.periods(), 0U);
}

// Has the ticker tick.
class worker final : twill::detail::ticker_client {
public:
    // Blocks until there were so many further ticks; false: not within 20 seconds.
    bool sees_ticks(int further) const {
        const int before = ticks_.load();
        const auto give_up = twill::now() + 20s;
        while (ticks_.load() < before + further)
            if (twill::now() > give_up) return false;
        return true;
    }
    worker() {
        ticker::process().enrol(*this);
        works_.store(1);
        ticker::process().arm(works_);
    }
    ~worker() { ticker::process().leave(*this); }
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;

private:
    pulse tick() noexcept override {
        ticks_.fetch_add(1);
        return pulse::slow;
    }
    twill::atomic<int> works_{0};
    twill::atomic<int> ticks_{0};
};

TEST(ThrottleWatch, ReportsThrottlingWhileSomethingRuns) {
    fake_machine machine;
    const std::string stat = "/sys/fs/cgroup/app/cpu.stat";
    machine.mounts(v2_at_root)
        .groups("0::/app\n")
        .file(stat, "nr_periods 0\nnr_throttled 0\nthrottled_usec 0\n");
    std::mutex lock;
    std::condition_variable came;
    std::string said;
    std::optional<twill::blocking_pool> reporters;
    reporters.emplace(twill::blocking_pool_options{.max_threads = 1});
    const std::string root = machine.path("");
    throttle_watch watch(*reporters, {.report =
                                          [&](std::string_view text) {
                                              const std::lock_guard hold(lock);
                                              said = text;
                                              came.notify_all();
                                          },
                                      .root = root.c_str(),
                                      .look = 1ms});
    const worker beside;
    std::unique_lock hold(lock);
    // It may take its first look late: then what it finds was before.
    const auto give_up = twill::now() + 20s;
    for (int i = 1; said.empty() && twill::now() < give_up; ++i) {
        machine.file(stat, "nr_periods " + std::to_string(10 * i) + "\nnr_throttled " +
                               std::to_string(5 * i) + "\nthrottled_usec " +
                               std::to_string(50'000 * i) + "\n");
        came.wait_for(hold, 20ms, [&] { return !said.empty(); });
    }
    EXPECT_NE(said.find("of the CPU quota"), std::string::npos) << said;
    EXPECT_NE(said.find(machine.path(stat)), std::string::npos) << said;
    EXPECT_GE(watch.periods(), 5U);
    hold.unlock();
    watch.end();
    reporters.reset();  // it may have one more to say
}

// A file of which the first and each further reader wait as long as this lives.
class slow_file {
public:
    explicit slow_file(std::string path) : path_(std::move(path)) {
        EXPECT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    }
    // Blocks until there is a reader; false: not within 20 seconds.
    bool has_reader() {
        const auto give_up = twill::now() + 20s;
        for (int file = -1; file < 0; std::this_thread::yield()) {
            file = ::open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
            if (file >= 0) writers_.push_back(file);  // open: so its read waits
            if (twill::now() > give_up) return false;
        }
        return true;
    }
    // Readers come to the end from now on.
    void end() {
        for (const int file : writers_) ::close(file);
        writers_.clear();
        ending_ = std::jthread([path = path_](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
                if (file >= 0) ::close(file);
                std::this_thread::yield();
            }
        });
    }

private:
    const std::string path_;
    std::vector<int> writers_;
    std::jthread ending_;
};

// On large machines the kernel takes milliseconds to tell it.
TEST(ThrottleWatch, ASlowAnswerOfTheKernelHoldsUpNoTicks) {
    fake_machine machine;
    const std::string stat = "/sys/fs/cgroup/app/cpu.stat";
    machine.mounts(v2_at_root).groups("0::/app\n").file(stat, "");
    std::filesystem::remove(machine.path(stat));
    slow_file answer(machine.path(stat));
    std::optional<twill::blocking_pool> reporters;
    reporters.emplace(twill::blocking_pool_options{.max_threads = 1});
    const std::string root = machine.path("");
    throttle_watch watch(*reporters,
                         {.report = [](std::string_view) {}, .root = root.c_str(), .look = 1ms});
    {
        const worker beside;
        EXPECT_TRUE(answer.has_reader());
        EXPECT_TRUE(beside.sees_ticks(5));
    }
    watch.end();
    answer.end();
    reporters.reset();
}

// It did at the first tick, while the first beats of a parallel call were due.
TEST(ThrottleWatch, LooksNotBeforeItsTimeHasCome) {
    fake_machine machine;
    machine.mounts(v2_at_root).groups("0::/app\n");
    twill::blocking_pool reporters({.max_threads = 1});
    const std::string root = machine.path("");
    throttle_watch watch(reporters,
                         {.report = [](std::string_view) {}, .root = root.c_str(), .look = 1h});
    const worker beside;
    EXPECT_TRUE(beside.sees_ticks(5));
    EXPECT_EQ(reporters.stats().threads, 0U);
    watch.end();
}

}  // namespace
