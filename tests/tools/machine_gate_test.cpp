// When `twill map` starts no job because the machine, or a control group, has no room.
#include "twill/map/machine_gate.hpp"
#include "twill/map/control_group.hpp"

#include <gtest/gtest.h>

#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

namespace {

using namespace std::chrono_literals;
using twill_command::control_group;
using twill_command::gate_limits;
using twill_command::limiter;
using twill_command::machine_gate;
using twill_command::machine_reading;

constexpr twill::time_point start{100s};
constexpr std::uint64_t mib = std::uint64_t{1} << 20U;

// A gate that reads what the test says.
struct told_gate {
    explicit told_gate(const gate_limits& limits)
        : gate(limits, [this] { return now; }, [this] { return now.memory; }) {}
    bool is_open(std::size_t running) { return gate.is_open(at += 1s, running); }

    machine_reading now{.memory = 1000 * mib, .memory_stall = 0.0, .processes = 1000};
    twill::time_point at = start;
    machine_gate gate;
};

gate_limits keeping(std::uint64_t memory) {
    gate_limits limits;
    limits.kept_memory = memory;
    limits.cpus = 2;
    return limits;
}

TEST(machine_gate, guard_of_memory_lets_one_job_run) {
    told_gate one(keeping(100 * mib));
    EXPECT_TRUE(one.is_open(5));
    one.now.memory = 99 * mib;
    EXPECT_FALSE(one.is_open(1));
    EXPECT_EQ(one.gate.closed_by(), limiter::memory);
    EXPECT_TRUE(one.is_open(0));
    EXPECT_FALSE(one.gate.is_desperate());
    one.now.memory = 49 * mib;
    EXPECT_TRUE(one.gate.is_desperate());
}

TEST(machine_gate, memory_that_was_asked_for_is_waited_for_in_any_case) {
    gate_limits limits;
    limits.memory = 100 * mib;
    told_gate one(limits);
    one.now.memory = 99 * mib;
    EXPECT_FALSE(one.is_open(0));
    one.now.memory = 100 * mib;
    EXPECT_TRUE(one.is_open(0));
}

TEST(machine_gate, what_is_not_told_holds_nothing_back) {
    told_gate one(keeping(100 * mib));
    one.now = {};
    EXPECT_TRUE(one.is_open(5));
    EXPECT_FALSE(one.gate.is_desperate());
}

TEST(machine_gate, others_that_wait_for_memory_hold_back) {
    told_gate one(keeping(100 * mib));
    one.now.memory_stall = 30;
    EXPECT_FALSE(one.is_open(1));
    EXPECT_EQ(one.gate.closed_by(), limiter::stall);
    EXPECT_TRUE(one.is_open(0));
}

TEST(machine_gate, few_processes_that_may_still_be_made_hold_back) {
    told_gate one(keeping(100 * mib));
    one.now.processes = 7;
    EXPECT_FALSE(one.is_open(1));
    EXPECT_EQ(one.gate.closed_by(), limiter::processes);
    one.now.processes = 8;
    EXPECT_TRUE(one.is_open(1));
}

TEST(machine_gate, used_up_quota_holds_back_what_the_cpus_have_no_room_for) {
    told_gate one(keeping(100 * mib));
    one.now.periods = control_group::cpu_periods{100, 50};
    EXPECT_TRUE(one.is_open(2)) << "what happened before says nothing";
    one.now.periods = control_group::cpu_periods{110, 59};
    EXPECT_FALSE(one.is_open(2));
    EXPECT_EQ(one.gate.closed_by(), limiter::quota);
    EXPECT_TRUE(one.is_open(1)) << "one of the CPUs has nothing to do";
    one.now.periods = control_group::cpu_periods{120, 60};
    EXPECT_TRUE(one.is_open(2));
}

TEST(machine_gate, guards_say_how_often_they_have_acted) {
    told_gate one(keeping(100 * mib));
    EXPECT_EQ(one.gate.what_acted(), "");
    one.now.memory = 1;
    EXPECT_FALSE(one.is_open(1));
    EXPECT_FALSE(one.is_open(1)) << "still the same time";
    one.now.memory = 1000 * mib;
    EXPECT_TRUE(one.is_open(1));
    one.now.processes = 0;
    EXPECT_FALSE(one.is_open(1));
    one.now.processes = 1000;
    one.now.memory = 1;
    EXPECT_FALSE(one.is_open(1));
    EXPECT_EQ(one.gate.what_acted(), "memory (2 times), the number of processes (1 time)");
}

TEST(machine_gate, pressure_is_read_as_the_kernel_writes_it) {
    using twill_command::parse_stall;
    EXPECT_EQ(parse_stall("some avg10=1.25 avg60=0.00 avg300=0.00 total=5\nfull avg10=9.00"), 1.25);
    EXPECT_EQ(parse_stall(""), std::nullopt);
}

// Control groups, as files.
class control_groups : public ::testing::Test {
protected:
    control_groups() {
        std::string name = std::filesystem::temp_directory_path() / "twill-test-XXXXXX";
        root = ::mkdtemp(name.data());
    }
    ~control_groups() override { std::filesystem::remove_all(root); }
    void write(const std::string& path, const std::string& text) const {
        std::filesystem::create_directories(
            (root + "/" + path).substr(0, root.size() + 1 + path.rfind('/')));
        std::ofstream(root + "/" + path) << text;
    }
    std::string root;
};

TEST_F(control_groups, version_2_least_of_all_above_counts) {
    write("a/b/pids.max", "100\n");
    write("a/b/pids.current", "10\n");
    write("a/pids.max", "50\n");
    write("a/pids.current", "45\n");
    write("a/b/memory.max", "max\n");
    write("a/memory.max", "1000\n");
    write("a/memory.current", "700\n");
    write("a/memory.stat", "anon 500\ninactive_file 200\n");
    write("a/b/cpu.stat", "usage_usec 5\nnr_periods 20\nnr_throttled 3\n");
    const control_group group("0::/a/b\n", root);
    EXPECT_EQ(group.processes_left(), 5U);
    EXPECT_EQ(group.memory_limit(), 1000U);
    EXPECT_EQ(group.memory_left(), 500U) << "pages of files that nobody uses are as good as free";
    ASSERT_TRUE(group.periods());
    EXPECT_EQ(group.periods()->throttled, 3U);
    EXPECT_EQ(group.periods()->all, 20U);
}

TEST_F(control_groups, version_1_has_a_tree_for_each_kind) {
    write("memory/x/memory.limit_in_bytes", "1000\n");
    write("memory/x/memory.usage_in_bytes", "400\n");
    write("memory/memory.limit_in_bytes", "9223372036854771712\n");
    write("pids/pids.max", "max\n");
    write("cpu/y/cpu.stat", "nr_periods 7\nnr_throttled 1\nthrottled_time 3\n");
    const control_group group("4:memory:/x\n3:pids:/\n2:cpu,cpuacct:/y\n0::/\n", root);
    EXPECT_EQ(group.memory_limit(), 1000U);
    EXPECT_EQ(group.memory_left(), 600U);
    EXPECT_EQ(group.processes_left(), std::nullopt);
    ASSERT_TRUE(group.periods());
    EXPECT_EQ(group.periods()->all, 7U);
}

TEST_F(control_groups, none_limits_nothing) {
    const control_group group("", root);
    EXPECT_EQ(group.memory_limit(), std::nullopt);
    EXPECT_EQ(group.memory_left(), std::nullopt);
    EXPECT_EQ(group.processes_left(), std::nullopt);
    EXPECT_FALSE(group.periods());
}

}  // namespace
