// What the machine, and the control groups that we are in, have left.
#pragma once

#include "twill/map/control_group.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace twill_command {

// None of each: the kernel does not say.
struct machine_reading {
    std::optional<std::uint64_t> memory{};  // bytes that can be had without swapping
    // Percent of the last ten seconds in which somebody waited for memory (pressure stall).
    std::optional<double> memory_stall{};
    std::optional<std::uint64_t> processes{};  // that may still be made
    std::optional<control_group::cpu_periods> periods{};
};

// Reads all of it, which takes some 50 us.
machine_reading read_machine();
// Bytes alone.
std::optional<std::uint64_t> available_memory();
// The most there could be.
std::optional<std::uint64_t> total_memory();

// Threads that run or wait for a CPU, on the whole machine, without the asking one.
std::optional<double> runnable_threads();

// From the text of /proc/meminfo.
std::optional<std::uint64_t> parse_available_memory(std::string_view meminfo);
// From the text of /proc/loadavg: "0.20 0.18 0.12 3/80 11206" has 3.
std::optional<double> parse_runnable_threads(std::string_view loadavg);
// From the text of /proc/pressure/memory: "some avg10=1.23 avg60=..." has 1.23.
std::optional<double> parse_stall(std::string_view pressure);

}  // namespace twill_command
