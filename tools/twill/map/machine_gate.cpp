#include "twill/map/machine_gate.hpp"

#include <twill/runtime/usable_cpus.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace twill_command {
namespace {

using namespace std::chrono_literals;

constexpr twill::duration between_looks = 10ms;
// A period of a CPU quota has 100 ms as a rule.
constexpr twill::duration between_periods = 500ms;

// Some process of ten has waited for memory in the last ten seconds: it is being swapped, or pages
// of programs are read again.
constexpr double most_stall = 10;
// For what jobs start themselves, and for who must end them.
constexpr std::uint64_t least_processes = 8;
// Of the periods: then more jobs only wait together.
constexpr double most_throttled = 0.5;

}  // namespace

gate_limits usual_limits() {
    gate_limits limits;
    constexpr std::uint64_t most = std::uint64_t{1} << 30U;
    if (const auto total = total_memory()) limits.kept_memory = std::min(*total / 20, most);
    limits.cpus = twill::usable_cpus();
    return limits;
}

machine_gate::machine_gate(const gate_limits& limits, std::function<machine_reading()> read,
                           std::function<std::optional<std::uint64_t>()> read_memory)
    : limits_(limits), read_(std::move(read)), read_memory_(std::move(read_memory)) {}

void machine_gate::look(twill::time_point now) {
    if (now - looked_ < between_looks) return;
    looked_ = now;
    seen_ = read_();
    if (!seen_.periods || (periods_ && now - periods_at_ < between_periods)) return;
    if (periods_ && seen_.periods->all > periods_->all)
        throttled_ = static_cast<double>(seen_.periods->throttled - periods_->throttled) /
                     static_cast<double>(seen_.periods->all - periods_->all);
    else
        throttled_ = 0;
    periods_ = seen_.periods;
    periods_at_ = now;
}

limiter machine_gate::guard_that_acts(std::size_t running) const noexcept {
    if (limits_.kept_memory && seen_.memory && *seen_.memory < *limits_.kept_memory)
        return limiter::memory;
    if (seen_.memory_stall && *seen_.memory_stall > most_stall) return limiter::stall;
    if (seen_.processes && *seen_.processes < least_processes) return limiter::processes;
    // More than fill the CPUs would not get more of them.
    if (throttled_ > most_throttled && static_cast<double>(running) >= limits_.cpus)
        return limiter::quota;
    return limiter::nothing;
}

bool machine_gate::is_open(twill::time_point now, std::size_t running) {
    const limiter before = std::exchange(closed_by_, limiter::nothing);
    look(now);
    if (limits_.load && runnable_threads().value_or(0) >= *limits_.load)
        closed_by_ = limiter::load;
    else if (limits_.memory && seen_.memory && *seen_.memory < *limits_.memory)
        closed_by_ = limiter::memory;
    else if (running > 0)
        closed_by_ = guard_that_acts(running);
    if (closed_by_ == limiter::nothing) return true;
    if (closed_by_ != before) ++closings_[static_cast<std::size_t>(closed_by_)];
    return false;
}

bool machine_gate::is_desperate() const {
    const auto wanted = wanted_memory();
    if (!wanted) return false;
    const auto available = read_memory_();
    return available && *available < *wanted / 2;
}

std::string machine_gate::what_acted() const {
    std::string words;
    for (const auto& [which, name] :
         {std::pair(limiter::load, "--load"), std::pair(limiter::memory, "memory"),
          std::pair(limiter::stall, "waiting for memory"),
          std::pair(limiter::processes, "the number of processes"),
          std::pair(limiter::quota, "the CPU quota")}) {
        const std::size_t times = closings_[static_cast<std::size_t>(which)];
        if (times == 0) continue;
        words += fmt::format("{}{} ({} time{})", words.empty() ? "" : ", ", name, times,
                             times == 1 ? "" : "s");
    }
    return words;
}

}  // namespace twill_command
