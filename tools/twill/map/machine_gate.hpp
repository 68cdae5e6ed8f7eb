// Whether the machine has room for another job: `--load`, `--memfree`, and the guard that stands in
// for the latter where nothing is said.
#pragma once

#include "twill/map/progress.hpp"

#include <twill/core/time.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace twill_command {

// Bytes that can be had without swapping (/proc/meminfo, and the control group's limit). None: the
// kernel does not say.
std::optional<std::uint64_t> available_memory();
// From the text of /proc/meminfo.
std::optional<std::uint64_t> parse_available_memory(std::string_view meminfo);

// Threads that run or wait for a CPU, on the whole machine, without the asking one. None: the
// kernel does not say.
std::optional<double> runnable_threads();
// From the text of /proc/loadavg: "0.20 0.18 0.12 3/80 11206" has 3.
std::optional<double> parse_runnable_threads(std::string_view loadavg);

struct gate_limits {
    std::optional<double> load;           // not when so many threads are runnable
    std::optional<std::uint64_t> memory;  // bytes: not when fewer are available
    bool asked_for = false;               // else a guard, which lets one job run in any case
};

// What is done where nothing is said: a twentieth of the memory, but not more than 1 GiB, is left
// alone. Nothing where the kernel does not tell.
gate_limits usual_limits();

class machine_gate {
public:
    explicit machine_gate(const gate_limits& limits) noexcept : limits_(limits) {}

    [[nodiscard]] bool guards_memory() const noexcept { return limits_.memory.has_value(); }
    [[nodiscard]] bool was_asked_for() const noexcept { return limits_.asked_for; }

    // Whether a job may start. Looks at the memory at most a hundred times a second.
    [[nodiscard]] bool is_open(twill::time_point now);
    // What kept the latest job from starting.
    [[nodiscard]] limiter closed_by() const noexcept {
        return has_memory_ ? limiter::load : limiter::memory;
    }
    // So little memory that a job that runs should make room: half of what is to be available.
    [[nodiscard]] bool is_desperate() const;

private:
    gate_limits limits_;
    bool has_memory_ = true;
    twill::time_point looked_{};
};

}  // namespace twill_command
