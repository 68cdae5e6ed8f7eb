#include "twill/map/worker_meter.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace twill_command {
namespace {

using namespace std::chrono_literals;

constexpr twill::duration shortest_turn = 1ms;
constexpr twill::duration between_looks_at_cpu = 20ms;
// The kernel counts in steps of as much.
constexpr twill::duration step = 10ms;

double seconds(twill::duration d) { return std::chrono::duration<double>(d).count(); }

}  // namespace

worker_meter::worker_meter(pid_t process, senses from)
    : process_(process), from_(std::move(from)) {}

bool worker_meter::is_due(twill::time_point now) const noexcept {
    return now - began_ >= shortest_turn;
}

std::optional<twill::call_sample> worker_meter::end(twill::time_point now) {
    const auto seen = from_.times(process_);
    if (!seen) {
        is_current_ = false;
        return std::nullopt;
    }
    const twill::duration wall = now - began_;
    const twill::duration run = std::min(seen->run - seen_.run, wall);
    const twill::duration queued = std::min(seen->queued - seen_.queued, wall - run);
    seen_ = *seen;
    if (!std::exchange(is_current_, true)) return std::nullopt;
    twill::exit_status used;
    used.user = cpu_time_of_turn(now, wall, run);
    return times_of_job(wall, scheduled_time{run, queued}, used);
}

twill::duration worker_meter::cpu_time_of_turn(twill::time_point now, twill::duration wall,
                                               twill::duration run) {
    wall_ += wall;
    run_ += run;
    if (!first_cpu_ || now - cpu_looked_ >= between_looks_at_cpu) {
        cpu_looked_ = now;
        const auto cpu = from_.cpu(process_);
        if (cpu && !first_cpu_) {
            first_cpu_ = cpu;
            wall_ = run_ = {};
        } else if (cpu) {
            cpu_ = *cpu - *first_cpu_;
            const bool others_work = cpu_ > run_ + run_ / 4 + 2 * step;
            work_of_others_ = others_work ? seconds(cpu_) / std::max(seconds(wall_), 1e-9) : 0;
        }
    }
    const auto all = std::chrono::duration_cast<twill::duration>(
        std::chrono::duration<double>(work_of_others_ * seconds(wall)));
    return std::max(run, all);
}

}  // namespace twill_command
