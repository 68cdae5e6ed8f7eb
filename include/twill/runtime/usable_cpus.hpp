// How many CPUs this process can really use: its affinity mask or its cgroup's CPU quota, whichever
// is smaller.
//
//     unsigned workers = twill::usable_cpus();              // at least 1
//     auto budget = twill::read_cpu_budget();
//     if (budget.usable < budget.affinity) log(budget.quota_source);   // what held it back
//
// Neither std::thread::hardware_concurrency() nor the affinity mask knows quotas: in a container
// limited to 2 CPUs of 64 a pool of 64 threads is throttled most of the time. A quota binds a group
// and everything below it, so the groups above the own one count as much.
#pragma once

#include <twill/core/config.hpp>

#include <twill/core/time.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace twill::inline TWILL_ABI {

struct cpu_budget {
    // CPUs in the calling thread's affinity mask (cpusets are already in it).
    unsigned affinity = 1;
    // CPU seconds per second that the tightest cgroup quota allows; infinity when there is none.
    double quota = std::numeric_limits<double>::infinity();
    // The file that states `quota`; empty when there is none.
    std::string quota_source;
    // The smaller of the two, a fraction rounded up, at least 1.
    unsigned usable = 1;
};

// Reads mask and quota afresh: a few dozen microseconds, a handful of small files. Files that are
// absent or cannot be read or understood are skipped: what is not known does not limit.
// `root`: put before every path that is read ("/proc/self/cgroup" and the mount points named in
// "/proc/self/mountinfo"), so that tests can show it a tree of their own; the mask is always the
// real one. Throws only std::bad_alloc. Any thread.
TWILL_API cpu_budget read_cpu_budget(std::string_view root = {});

// `read_cpu_budget().usable`. Not cached: quotas and masks change while a program runs.
TWILL_API unsigned usable_cpus();

// How often the kernel has stopped a group, with all below it, because its quota was used up.
struct cpu_throttling {
    std::string source;           // the file that says so
    std::uint64_t periods = 0;    // of the quota, in which the group ran
    std::uint64_t throttled = 0;  // of these, in how many it was stopped
    duration stopped{};           // for how long, summed over the CPUs
};

// Of the own group and those above it, from the top down, each since it was made; of groups without
// a quota there is nothing to say, or zeros. `root`, errors and threads as for read_cpu_budget.
TWILL_API std::vector<cpu_throttling> read_cpu_throttling(std::string_view root = {});

namespace detail {
// How many CPUs fit a mask of `affinity` CPUs and a quota of `quota` CPUs.
TWILL_API unsigned combine_cpu_limits(unsigned affinity, double quota) noexcept;
// How many CPUs the affinity mask of a thread of this process has, 0 being the calling one; 0 if
// the kernel does not say.
TWILL_API unsigned affinity_of_thread(int thread) noexcept;
}  // namespace detail

}  // namespace twill::inline TWILL_ABI
