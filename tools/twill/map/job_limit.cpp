#include "twill/map/job_limit.hpp"

#include "twill/map/machine_reading.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <utility>

namespace twill_command {
namespace {

using twill::adaptive_reason;
using namespace std::chrono_literals;

// What the jobs wait for may have less room than this machine.
std::size_t first_bound_for(unsigned cpus) {
    return std::max<std::size_t>(64, std::size_t{16} * cpus);
}

// Ends, before something is concluded from them.
constexpr std::size_t few = 8;

constexpr std::size_t most_kept = 64;  // blocked times

// As long as none has ended.
constexpr twill::duration between_raises = 8ms;

double seconds(twill::duration d) { return std::chrono::duration<double>(d).count(); }

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

void correlation::add(double x, double y) noexcept {
    ++count_;
    x_ += x;
    y_ += y;
    xx_ += x * x;
    yy_ += y * y;
    xy_ += x * y;
}

double correlation::value() const noexcept {
    const auto n = static_cast<double>(count_);
    const double both = n * xy_ - x_ * y_;
    const double product = (n * xx_ - x_ * x_) * (n * yy_ - y_ * y_);
    return product > 0 ? both / std::sqrt(product) : 0;
}

job_limit::job_limit(unsigned cpus, std::size_t most, twill::time_point now, cpu_manners manners)
    : job_limit(cpus, most, now, manners, {cpu_demand::senses{}, runnable_threads}) {}

job_limit::job_limit(unsigned cpus, std::size_t most, twill::time_point now, cpu_manners manners,
                     senses from)
    : fixed_(most), from_(std::move(from)), cpus_(cpus), manners_(manners) {
    demand_.emplace(cpus, from_.of_jobs);
    begin_with(std::min(first_bound_for(cpus), most), now);
}

// The controller is to know nothing of the CPUs: they are in other hands here.
void job_limit::begin_with(std::size_t jobs, twill::time_point now) {
    constexpr double no_bound = 1e9;
    control_.emplace(twill::adaptive_options{.start = jobs, .most = fixed_, .cpus = no_bound}, now);
    for (std::size_t i = 0; i < in_progress_; ++i) control_->begun(now);
    waits_grow_ = {};
}

std::size_t job_limit::now() const noexcept {
    if (!control_) return fixed_;
    const std::size_t room = had_room_ ? 1 : 0;
    return std::clamp<std::size_t>(in_progress_ + room, std::min<std::size_t>(cpus_, fixed_),
                                   fixed_);
}

bool job_limit::has_room(twill::time_point now, std::optional<std::size_t> left) {
    if (!control_) return in_progress_ < fixed_;
    demand_->look(now);
    next_try_ = twill::never;
    raise_bound_if_free(now);
    had_room_ =
        in_progress_ < control_->limit() && (cpus_have_room(now) || (left && is_last_wave(*left)));
    return had_room_;
}

twill::time_point job_limit::next_look() const noexcept {
    return control_ ? std::min(demand_->next_look(), next_try_) : twill::never;
}

bool job_limit::should_listen() noexcept {
    constexpr std::size_t for_each_cpu = 4;
    if (!control_ || unheard_ < for_each_cpu * cpus_) return false;
    unheard_ = 0;
    return true;
}

bool job_limit::cpus_have_room(twill::time_point now) {
    if (manners_ == cpu_manners::polite && in_progress_ > 0 && !some_cpu_is_idle(now)) return false;
    if (in_progress_ < cpus_) return true;
    if (demand_->wanted() + demand_->of_one_more() / 2 > for_each_cpu(now) * cpus_) return false;
    // They may have left the work to their children, of which nothing is known until they end.
    return measured_ > 0 || some_cpu_is_idle(now);
}

// How many jobs may want one.
double job_limit::for_each_cpu(twill::time_point now) const noexcept {
    // Each of those who want a CPU gets an equal share: beside strangers more of them get more.
    if (demand_->has_strangers(now)) return manners_ == cpu_manners::greedy ? 16 : 8;
    // They end sooner than this program hears of it and starts the next; and they are too short to
    // be in each other's way.
    constexpr twill::duration tiny = 1ms;
    const bool are_tiny =
        measured_ >= few && std::max(sum_.run, sum_.cpu) < static_cast<int>(measured_) * tiny;
    return are_tiny && manners_ != cpu_manners::polite ? 4 : 1;
}

bool job_limit::some_cpu_is_idle(twill::time_point now) {
    constexpr twill::duration pause = 1ms;
    const auto runnable = from_.runnable_threads();
    if (!runnable || *runnable < cpus_) return true;
    next_try_ = twill::after(now, pause);
    return false;
}

// All of `left` would be computed before the longest of them have waited.
bool job_limit::is_last_wave(std::size_t left) const noexcept {
    if (blocked_.size() < few) return false;
    auto sorted = blocked_;
    const auto at = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() * 9 / 10);
    std::ranges::nth_element(sorted, at);
    const double for_each = seconds(std::max(sum_.run, sum_.cpu)) / static_cast<double>(measured_);
    return static_cast<double>(left) * for_each / cpus_ <= seconds(*at);
}

void job_limit::raise_bound_if_free(twill::time_point now) {
    constexpr double clearly = 0.5;
    if (in_progress_ < control_->limit() || control_->limit() == fixed_) return;
    if (!has_ended_) {
        // All of them wait, and nobody knows for how long.
        const std::size_t bound = std::min(4 * first_bound_for(cpus_), fixed_);
        if (control_->limit() >= bound) return;
        if (now >= next_raise_) {
            begin_with(std::min(control_->limit() * 3 / 2, bound), now);
            next_raise_ = twill::after(now, between_raises);
        }
        next_try_ = next_raise_;
        return;
    }
    if (waits_grow_.count() < few || waits_grow_.value() > clearly) return;
    begin_with(std::min(4 * control_->limit(), fixed_), now);
}

void job_limit::started(pid_t job, twill::time_point at, const scheduled_time& before) {
    if (control_) {
        control_->begun(at);
        demand_->started(job, at, before);
        beside_.push_back({job, in_progress_});
    }
    ++in_progress_;
    ++unheard_;
    most_seen_ = std::max(most_seen_, in_progress_);
}

// How many others were in progress when it began.
std::size_t job_limit::forget(pid_t job) {
    --in_progress_;
    unheard_ = 0;
    const auto one = std::ranges::find(beside_, job, &company::job);
    if (one == beside_.end()) return 0;
    const std::size_t others = one->others;
    *one = beside_.back();
    beside_.pop_back();
    return others;
}

void job_limit::ended(pid_t job, twill::time_point began, twill::time_point at,
                      const twill::call_sample& times, std::size_t jobs) {
    const std::size_t others = forget(job);
    if (!control_) return;
    has_ended_ = true;
    demand_->ended(job, at, times);
    control_->ended(began, at, times);
    waits_grow_.add(static_cast<double>(others), seconds(times.blocked));
    if (blocked_.size() < most_kept)
        blocked_.push_back(times.blocked);
    else
        blocked_[samples_ % most_kept] = times.blocked;
    ++samples_;
    measured_ += jobs;
    sum_.run += times.run;
    sum_.queued += times.queued;
    sum_.blocked += times.blocked;
    sum_.cpu += std::max(times.cpu, times.run);
}

void job_limit::ended_unmeasured(pid_t job, twill::time_point began, twill::time_point at) {
    forget(job);
    if (!control_) return;
    has_ended_ = true;
    demand_->ended(job, at, std::nullopt);
    control_->ended_unmeasured(began, at);
}

// What they did in the epoch that it fell into says nothing of their number.
void job_limit::note_stopped(twill::time_point since, twill::time_point until) {
    if (!control_) return;
    demand_->note_stopped(until - since);
    begin_with(control_->limit(), until);
}

std::vector<std::string> job_limit::explained(twill::time_point began) const {
    if (!control_) return {fmt::format("{} at a time, as asked for", fixed_)};
    if (measured_ == 0) return {fmt::format("{} at a time; no job was measured", most_seen_)};
    const auto count = static_cast<twill::duration::rep>(measured_);
    std::vector<std::string> lines{
        fmt::format("a job ran for {}, waited for a CPU for {}, and was blocked for {} (means of "
                    "{}); {} CPUs",
                    shown(sum_.run / count), shown(sum_.queued / count),
                    shown(sum_.blocked / count), measured_, cpus_),
        fmt::format(
            "at most {} at a time: {}", most_seen_,
            most_seen_ < control_->limit() ? "as many as kept the CPUs busy" : "see below")};
    // What was found of that which they wait for.
    const auto& all = control_->decisions();
    constexpr std::size_t most_lines = 3;
    for (std::size_t i = all.size() - std::min(all.size() - 1, most_lines); i < all.size(); ++i)
        lines.push_back(fmt::format("after {}: {} at a time, {}", shown(all[i].at - began),
                                    all[i].limit, why(all[i].reason)));
    return lines;
}

}  // namespace twill_command
