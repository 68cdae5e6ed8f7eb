// Whether the machine has room for another job: `--load` and `--memfree`, which hold in any case,
// and guards, which let one job run at least.
#pragma once

#include "twill/map/machine_reading.hpp"
#include "twill/map/progress.hpp"

#include <twill/core/time.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace twill_command {

struct gate_limits {
    // As asked for.
    std::optional<double> load;           // not when so many threads are runnable
    std::optional<std::uint64_t> memory;  // bytes: not when fewer are available
    // A guard.
    std::optional<std::uint64_t> kept_memory;
    double cpus = 1;  // that there are

    [[nodiscard]] bool asked_for() const noexcept { return load || memory; }
};

// What is done where nothing is said: a twentieth of the memory, but not more than 1 GiB, is left
// alone. Nothing where the kernel does not tell.
gate_limits usual_limits();

class machine_gate {
public:
    // `read`, `read_memory`: for tests.
    explicit machine_gate(
        const gate_limits& limits, std::function<machine_reading()> read = read_machine,
        std::function<std::optional<std::uint64_t>()> read_memory = available_memory);

    // Whether memory is to be watched while jobs run.
    [[nodiscard]] bool guards_memory() const noexcept { return wanted_memory().has_value(); }

    // Whether a job may start beside `running` others. Looks at most a hundred times a second.
    [[nodiscard]] bool is_open(twill::time_point now, std::size_t running);
    // What kept the latest one from starting.
    [[nodiscard]] limiter closed_by() const noexcept { return closed_by_; }
    // So little memory that a job that runs should make room: half of what is to be available.
    [[nodiscard]] bool is_desperate() const;
    // The system refused to make a process, and the end of another was waited for.
    void note_refused() noexcept { ++closings_[static_cast<std::size_t>(limiter::processes)]; }

    // What the guards did, in words: "memory (3 times), ..."; empty: nothing.
    [[nodiscard]] std::string what_acted() const;

private:
    [[nodiscard]] std::optional<std::uint64_t> wanted_memory() const noexcept {
        return limits_.memory ? limits_.memory : limits_.kept_memory;
    }
    [[nodiscard]] limiter guard_that_acts(std::size_t running) const noexcept;
    void look(twill::time_point now);

    gate_limits limits_;
    std::function<machine_reading()> read_;
    std::function<std::optional<std::uint64_t>()> read_memory_;
    machine_reading seen_;
    twill::time_point looked_{};
    std::optional<control_group::cpu_periods> periods_;  // when the share was taken
    twill::time_point periods_at_{};
    double throttled_ = 0;  // share of the periods
    limiter closed_by_ = limiter::nothing;
    // How often each has begun to hold back.
    std::array<std::size_t, static_cast<std::size_t>(limiter::count)> closings_{};
};

}  // namespace twill_command
