// What is measured of a worker that stays, turn by turn.
#include "twill/map/worker_meter.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace {

using namespace std::chrono_literals;
using twill_command::scheduled_time;
using twill_command::worker_meter;

twill::time_point at(twill::duration since) { return twill::time_point{} + 1h + since; }

// A process of which the kernel says what a test wants.
class worker_meter_test : public testing::Test {
protected:
    worker_meter_test()
        : meter(1,
                {.times = [this](pid_t) { return told; }, .cpu = [this](pid_t) { return cpu; }}) {}
    // It runs for so long, and waits for a CPU; others that work for it take `others`.
    void spend(twill::duration run, twill::duration queued, twill::duration others = {}) {
        told.value().run += run;
        told.value().queued += queued;
        *cpu += run + others;
    }
    std::optional<scheduled_time> told = scheduled_time{};
    std::optional<twill::duration> cpu = 0ns;
    worker_meter meter;
};

TEST_F(worker_meter_test, first_turn_says_nothing_since_the_program_begins_in_it) {
    meter.begin(at(0s));
    spend(300ms, 0ms);
    EXPECT_FALSE(meter.end(at(1s)).has_value());
}

TEST_F(worker_meter_test, turn_is_what_was_done_between_two_looks) {
    meter.begin(at(0s));
    spend(300ms, 50ms);
    static_cast<void>(meter.end(at(1s)));
    EXPECT_EQ(meter.seen().run, 300ms);
    // Idle for a second.
    meter.begin(at(2s));
    spend(10ms, 5ms);
    const auto times = meter.end(at(2s + 100ms)).value_or(twill::call_sample());
    EXPECT_EQ(times.run, 10ms);
    EXPECT_EQ(times.queued, 5ms);
    EXPECT_EQ(times.blocked, 85ms);
    EXPECT_EQ(times.cpu, 10ms);
}

TEST_F(worker_meter_test, turn_after_one_without_a_look_is_not_charged_with_it) {
    meter.begin(at(0s));
    static_cast<void>(meter.end(at(1s)));
    meter.begin(at(1s));
    EXPECT_FALSE(meter.is_due(at(1s + 500us)));
    spend(500us, 0ms);
    meter.skip();
    meter.begin(at(2s));
    EXPECT_TRUE(meter.is_due(at(2s + 1ms)));
    EXPECT_FALSE(meter.end(at(2s + 1ms)).has_value());
    meter.begin(at(2s + 1ms));
    spend(2ms, 0ms);
    EXPECT_EQ(meter.end(at(2s + 3ms)).value_or(twill::call_sample()).run, 2ms);
}

TEST_F(worker_meter_test, waiting_for_children_that_compute_is_not_being_blocked) {
    twill::call_sample latest;
    for (int i = 0; i < 20; ++i) {
        meter.begin(at(i * 50ms));
        spend(1ms, 0ms, 40ms);
        latest = meter.end(at((i + 1) * 50ms)).value_or(twill::call_sample());
    }
    EXPECT_NEAR(std::chrono::duration<double>(latest.cpu).count(), 0.041, 0.002);
    EXPECT_NEAR(std::chrono::duration<double>(latest.blocked).count(), 0.009, 0.002);
}

TEST_F(worker_meter_test, steps_of_the_cpu_time_are_not_taken_for_children) {
    twill::call_sample latest;
    for (int i = 0; i < 20; ++i) {
        meter.begin(at(i * 50ms));
        spend(1ms, 0ms);
        cpu = (i + 1) / 10 * 10ms;
        latest = meter.end(at((i + 1) * 50ms)).value_or(twill::call_sample());
    }
    EXPECT_EQ(latest.cpu, 1ms);
    EXPECT_EQ(latest.blocked, 49ms);
}

TEST_F(worker_meter_test, process_of_which_the_kernel_says_nothing_is_not_measured) {
    meter.begin(at(0s));
    static_cast<void>(meter.end(at(1s)));
    told.reset();
    meter.begin(at(1s));
    EXPECT_FALSE(meter.end(at(2s)).has_value());
}

}  // namespace
