#include <twill/runtime/usable_cpus.hpp>

#include "support/fake_machine.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace {

namespace fs = std::filesystem;
using namespace twill_test;
using namespace std::chrono_literals;

TEST(usable_cpus, no_cgroup_files_leave_the_affinity_mask) {
    const auto budget = fake_machine().budget();
    EXPECT_TRUE(std::isinf(budget.quota));
    EXPECT_EQ(budget.quota_source, "");
    EXPECT_EQ(budget.usable, budget.affinity);
}

TEST(usable_cpus, affinity_mask_of_the_thread_is_counted) {
    cpu_set_t before;
    ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
    EXPECT_EQ(fake_machine().budget().affinity, static_cast<unsigned>(CPU_COUNT(&before)));

    cpu_set_t one;
    CPU_ZERO(&one);
    for (std::size_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu)
        if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
    ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
    const unsigned restricted = twill::usable_cpus();
    ::sched_setaffinity(0, sizeof before, &before);
    EXPECT_EQ(restricted, 1U);
}

TEST(usable_cpus, fractions_of_a_cpu_round_up_and_never_to_zero) {
    const double none = std::numeric_limits<double>::infinity();
    EXPECT_EQ(twill::detail::combine_cpu_limits(8, none), 8U);
    EXPECT_EQ(twill::detail::combine_cpu_limits(8, 0.1), 1U);
    EXPECT_EQ(twill::detail::combine_cpu_limits(8, 1.0), 1U);
    EXPECT_EQ(twill::detail::combine_cpu_limits(8, 2.5), 3U);
    EXPECT_EQ(twill::detail::combine_cpu_limits(8, 8.5), 8U);
    EXPECT_EQ(twill::detail::combine_cpu_limits(0, none), 1U);
}

TEST(usable_cpus, v2_quota_of_the_own_group_counts) {
    fake_machine machine;
    machine.mounts(v2_at_root)
        .groups("0::/app\n")
        .file("/sys/fs/cgroup/app/cpu.max", "50000 100000\n");
    const auto budget = machine.budget();
    EXPECT_DOUBLE_EQ(budget.quota, 0.5);
    EXPECT_EQ(budget.usable, 1U);
    EXPECT_EQ(budget.quota_source, machine.path("/sys/fs/cgroup/app/cpu.max"));
}

TEST(usable_cpus, v2_max_is_no_quota) {
    fake_machine machine;
    machine.mounts(v2_at_root)
        .groups("0::/app\n")
        .file("/sys/fs/cgroup/app/cpu.max", "max 100000\n");
    EXPECT_TRUE(std::isinf(machine.budget().quota));
}

TEST(usable_cpus, v2_quota_of_a_group_further_up_counts) {
    fake_machine machine;
    machine.mounts(v2_at_root)
        .groups("0::/pod/box/app\n")
        .file("/sys/fs/cgroup/pod/cpu.max", "150000 100000\n")
        .file("/sys/fs/cgroup/pod/box/cpu.max", "max 100000\n")
        .file("/sys/fs/cgroup/pod/box/app/cpu.max", "400000 100000\n");
    EXPECT_DOUBLE_EQ(machine.budget().quota, 1.5);
    EXPECT_EQ(machine.budget().quota_source, machine.path("/sys/fs/cgroup/pod/cpu.max"));
}

TEST(usable_cpus, v2_namespaced_mount_limits_through_its_top) {
    fake_machine machine;
    machine.mounts(v2_at_root).groups("0::/\n").file("/sys/fs/cgroup/cpu.max", "300000 100000\n");
    EXPECT_DOUBLE_EQ(machine.budget().quota, 3);
}

TEST(usable_cpus, v1_quota_of_group_and_ancestors_counts) {
    fake_machine machine;
    machine.mounts(v1_at_root)
        .groups("5:memory:/m\n4:cpu,cpuacct:/docker/abc\n")
        .v1_quota("/sys/fs/cgroup/cpu,cpuacct", "-1")
        .v1_quota("/sys/fs/cgroup/cpu,cpuacct/docker", "75000", "50000")
        .v1_quota("/sys/fs/cgroup/cpu,cpuacct/docker/abc", "-1");
    EXPECT_DOUBLE_EQ(machine.budget().quota, 1.5);
}

TEST(usable_cpus, v1_container_mount_rooted_at_its_own_group_is_found) {
    fake_machine machine;
    machine
        .mounts(
            "9 8 0:27 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpuacct,cpu\n")
        .groups("4:cpu,cpuacct:/docker/abc/inner\n")
        .v1_quota("/sys/fs/cgroup/cpu,cpuacct", "250000")
        .v1_quota("/sys/fs/cgroup/cpu,cpuacct/inner", "90000");
    EXPECT_DOUBLE_EQ(machine.budget().quota, 0.9);
}

TEST(usable_cpus, mount_of_another_group_is_not_ours) {
    fake_machine machine;
    machine.mounts("9 8 0:26 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
        .groups("0::/docker/abcdef\n")
        .file("/sys/fs/cgroup/cpu.max", "100000 100000\n");
    EXPECT_TRUE(std::isinf(machine.budget().quota)) << machine.budget().quota_source;
}

TEST(usable_cpus, mount_and_group_above_the_namespace_match_by_name) {
    fake_machine machine;
    machine.mounts("9 8 0:26 /../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
        .groups("0::/../../other\n")
        .file("/sys/fs/cgroup/other/cpu.max", "100000 100000\n");
    EXPECT_DOUBLE_EQ(machine.budget().quota, 1);
}

TEST(usable_cpus, mount_made_above_the_namespace_limits_through_its_top) {
    fake_machine machine;
    machine.mounts("9 8 0:26 /../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
        .groups("0::/\n")
        .file("/sys/fs/cgroup/cpu.max", "200000 100000\n");
    EXPECT_DOUBLE_EQ(machine.budget().quota, 2);
}

TEST(usable_cpus, group_outside_of_the_mount_is_skipped) {
    fake_machine machine;
    machine.mounts(v2_at_root)
        .groups("0::/../elsewhere\n")
        .file("/sys/fs/cgroup/cpu.max", "100000 100000\n");
    EXPECT_TRUE(std::isinf(machine.budget().quota));
}

TEST(usable_cpus, hybrid_takes_the_controller_where_it_is) {
    fake_machine machine;
    machine
        .mounts(v1_at_root + "32 23 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n" +
                "33 23 0:29 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n")
        .groups("3:cpuset:/x\n4:cpu,cpuacct:/a\n0::/b\n")
        .v1_quota("/sys/fs/cgroup/cpu,cpuacct/a", "120000")
        .file("/sys/fs/cgroup/unified/b/cgroup.procs", "1\n");
    EXPECT_DOUBLE_EQ(machine.budget().quota, 1.2);
}

TEST(usable_cpus, mount_point_with_a_blank_is_understood) {
    fake_machine machine;
    machine.mounts("9 8 0:26 / /my\\040groups rw - cgroup2 cgroup2 rw\n")
        .groups("0::/app\n")
        .file("/my groups/app/cpu.max", "100000 100000\n");
    EXPECT_DOUBLE_EQ(machine.budget().quota, 1);
}

TEST(usable_cpus, unreadable_and_broken_files_do_not_limit) {
    fake_machine machine;
    machine.mounts("nonsense\n\n - \n" + v2_at_root + v1_at_root)
        .groups("\n::\n0::/pod/app\n4:cpu:/x\n")
        .file("/sys/fs/cgroup/cpu.max", "")
        .file("/sys/fs/cgroup/pod/cpu.max/a-directory", "")
        .file("/sys/fs/cgroup/pod/app/cpu.max", "100000 0\n")
        .v1_quota("/sys/fs/cgroup/cpu,cpuacct/x", "lots");
    EXPECT_TRUE(std::isinf(machine.budget().quota)) << machine.budget().quota_source;
    // A group that is gone does not hide those above it.
    machine.file("/sys/fs/cgroup/cpu.max", "100000 100000").groups("0::/was/here (deleted)\n");
    EXPECT_DOUBLE_EQ(machine.budget().quota, 1);
}

TEST(usable_cpus, v2_throttling_of_the_own_group_and_those_above_is_read) {
    fake_machine machine;
    machine.mounts(v2_at_root)
        .groups("0::/pod/app\n")
        .file("/sys/fs/cgroup/cpu.stat", "usage_usec 5\nuser_usec 3\n")
        .file("/sys/fs/cgroup/pod/cpu.stat",
              "usage_usec 5\nnr_periods 40\nnr_throttled 7\nthrottled_usec 1500\n")
        .file("/sys/fs/cgroup/pod/app/cpu.stat",
              "nr_periods 20\nnr_throttled 0\nthrottled_usec 0\n");
    const auto seen = machine.throttling();
    ASSERT_EQ(seen.size(), 2U) << "the root has no quota";
    EXPECT_EQ(seen[0].source, machine.path("/sys/fs/cgroup/pod/cpu.stat"));
    EXPECT_EQ(seen[0].periods, 40U);
    EXPECT_EQ(seen[0].throttled, 7U);
    EXPECT_EQ(seen[0].stopped, 1500us);
    EXPECT_EQ(seen[1].periods, 20U);
}

TEST(usable_cpus, v1_throttling_counts_nanoseconds) {
    fake_machine machine;
    machine.mounts(v1_at_root)
        .groups("4:cpu,cpuacct:/a\n")
        .file("/sys/fs/cgroup/cpu,cpuacct/a/cpu.stat",
              "nr_periods 10\nnr_throttled 2\nthrottled_time 2500000\n");
    const auto seen = machine.throttling();
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].throttled, 2U);
    EXPECT_EQ(seen[0].stopped, 2500us);
}

TEST(usable_cpus, throttling_that_cannot_be_read_is_none) {
    EXPECT_TRUE(fake_machine().throttling().empty());
    fake_machine machine;
    machine.mounts(v2_at_root).groups("0::/app\n").file("/sys/fs/cgroup/app/cpu.stat", "nr_\n x\n");
    EXPECT_TRUE(machine.throttling().empty());
}

// A cgroup on the real machine, removed at the end.
class real_cgroup {
public:
    explicit real_cgroup(fs::path at) : at_(std::move(at)) {
        made_ = ::mkdir(at_.c_str(), 0755) == 0;
    }
    ~real_cgroup() {
        if (made_) ::rmdir(at_.c_str());
    }
    real_cgroup(const real_cgroup&) = delete;
    real_cgroup& operator=(const real_cgroup&) = delete;

    [[nodiscard]] bool made() const { return made_; }
    [[nodiscard]] bool write(const char* file, const std::string& text) const {
        std::ofstream out(at_ / file);
        return static_cast<bool>(out << text << std::flush);
    }

private:
    fs::path at_;
    bool made_ = false;
};

// What a process inside of `group` reads; -1 when it cannot get in.
double quota_seen_from(const real_cgroup& group) {
    int ends[2];
    if (::pipe(ends) != 0) return -1;
    const pid_t child = ::fork();
    if (child == 0) {
        double seen = -1;
        if (group.write("cgroup.procs", "0")) seen = twill::read_cpu_budget().quota;
        const bool told = ::write(ends[1], &seen, sizeof seen) == sizeof seen;
        ::_exit(told ? 0 : 1);
    }
    double seen = -1;
    if (::read(ends[0], &seen, sizeof seen) != sizeof seen) seen = -1;
    ::close(ends[0]);
    ::close(ends[1]);
    ::waitpid(child, nullptr, 0);
    return seen;
}

TEST(usable_cpus, quota_of_a_real_parent_group_is_honoured) {
    for (const char* mount :
         {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup"}) {
        const fs::path at = fs::path(mount) / ("twill-test-" + std::to_string(::getpid()));
        const real_cgroup outer(at);
        if (!outer.made()) continue;
        const bool limited = (outer.write("cpu.cfs_period_us", "100000") &&
                              outer.write("cpu.cfs_quota_us", "70000")) ||
                             outer.write("cpu.max", "70000 100000");
        const real_cgroup inner(at / "inner");
        if (!limited || !inner.made()) continue;
        const double seen = quota_seen_from(inner);
        if (seen < 0) continue;
        EXPECT_LE(seen, 0.7);
        return;
    }
    GTEST_SKIP() << "cannot make a cgroup with the CPU controller here (needs root and a writable "
                    "/sys/fs/cgroup)";
}

}  // namespace
