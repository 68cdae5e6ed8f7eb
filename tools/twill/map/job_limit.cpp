#include "twill/map/job_limit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace twill_command {
namespace {

using twill::adaptive_reason;

std::string shown(twill::duration length) {
    const double seconds = std::chrono::duration<double>(length).count();
    if (seconds >= 1) return fmt::format("{:.1f} s", seconds);
    return fmt::format("{:.{}f} ms", seconds * 1e3, seconds < 0.01 ? 2 : 0);
}

const char* why(adaptive_reason reason) {
    switch (reason) {
        case adaptive_reason::start:
            return "to begin with";
        case adaptive_reason::growing:
            return "more at a time did more";
        case adaptive_reason::cpu_bound:
            return "they keep the CPUs busy";
        case adaptive_reason::at_most:
            return "no more fit";
        case adaptive_reason::saturated:
            return "more only waited for each other";
        case adaptive_reason::trying:
            return "trying whether more do more";
        case adaptive_reason::no_gain:
            return "they did not";
        case adaptive_reason::too_low:
            return "fewer did less";
        case adaptive_reason::overloaded:
            return "too many failed";
    }
    return "";
}

}  // namespace

job_limit::job_limit(unsigned cpus, std::size_t most, twill::time_point now)
    : fixed_(most), cpus_(cpus) {
    begin_with(std::min<std::size_t>(cpus, most), now);
}

void job_limit::begin_with(std::size_t jobs, twill::time_point now) {
    control_.emplace(
        twill::adaptive_options{.start = jobs, .most = fixed_, .cpus = static_cast<double>(cpus_)},
        now);
}

void job_limit::double_unseen(std::size_t in_progress, twill::time_point now) {
    // What they wait for may have less room than this machine.
    const std::size_t bound = std::min<std::size_t>(std::size_t{16} * cpus_, fixed_);
    const std::size_t wanted = std::min(2 * this->now(), bound);
    if (wanted <= this->now()) return;
    begin_with(wanted, now);
    for (std::size_t i = 0; i < in_progress; ++i) control_->begun(now);
}

void job_limit::started(twill::time_point at) noexcept {
    if (control_) control_->begun(at);
}

void job_limit::ended(twill::time_point began, twill::time_point at,
                      const twill::call_sample& times) {
    if (!control_) return;
    any_ended_ = true;
    control_->ended(began, at, times);
    ++measured_;
    sum_.run += times.run;
    sum_.queued += times.queued;
    sum_.blocked += times.blocked;
}

void job_limit::ended_unmeasured(twill::time_point began, twill::time_point at) noexcept {
    any_ended_ = true;
    if (control_) control_->ended_unmeasured(began, at);
}

std::vector<std::string> job_limit::explained(twill::time_point began) const {
    if (!control_) return {fmt::format("{} at a time, as asked for", fixed_)};
    if (measured_ == 0) return {fmt::format("{} at a time; no job was measured", now())};
    const auto count = static_cast<twill::duration::rep>(measured_);
    std::vector<std::string> lines{fmt::format(
        "a job ran for {}, waited for a CPU for {}, and was blocked for {} (means of {}); {} CPUs",
        shown(sum_.run / count), shown(sum_.queued / count), shown(sum_.blocked / count), measured_,
        cpus_)};
    // How it is now, and how it came to that.
    const auto& all = control_->decisions();
    constexpr std::size_t most_lines = 4;
    for (std::size_t i = all.size() - std::min(all.size(), most_lines); i < all.size(); ++i)
        lines.push_back(fmt::format("after {}: {} at a time, {}", shown(all[i].at - began),
                                    all[i].limit, why(all[i].reason)));
    return lines;
}

}  // namespace twill_command
