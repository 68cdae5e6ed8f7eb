#include "twill/map/run_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <chrono>

namespace twill_command {
namespace {

double seconds(twill::duration length) { return std::chrono::duration<double>(length).count(); }

// Of jobs beside few others, before their time says how it is without the others.
constexpr std::size_t least_in_crowd = 3;

}  // namespace

void run_report::pass_time(twill::time_point now) noexcept {
    if (now <= now_) return;
    occupied_ += static_cast<double>(running_) * seconds(now - now_);
    now_ = now;
}

void run_report::started(twill::time_point now, twill::duration took, std::size_t running,
                         std::size_t allowed) noexcept {
    if (first_ == twill::time_point{}) first_ = now_ = now - took;
    pass_time(now);
    running_ = running;
    allowed_ = std::max({allowed_, allowed, running});
    last_start_ = now;
    occupied_at_last_start_ = occupied_;
    start_ += seconds(took);
}

void run_report::ended(twill::time_point now, std::size_t beside, const twill::call_sample& times,
                       std::size_t jobs) noexcept {
    ended_unmeasured(now);
    measured_ += jobs;
    run_ += seconds(times.run);
    queued_ += seconds(times.queued);
    blocked_ += seconds(times.blocked);
    crowd& its =
        crowds_[std::min(static_cast<std::size_t>(std::bit_width(beside)), crowds_.size() - 1)];
    ++its.jobs;
    its.blocked += seconds(times.blocked);
}

void run_report::ended_unmeasured(twill::time_point now, std::size_t jobs) noexcept {
    pass_time(now);
    unmeasured_ += jobs;
    if (running_ > 0) --running_;
}

// As if all before had been later.
void run_report::note_stopped(twill::time_point since, twill::time_point until) noexcept {
    if (first_ == twill::time_point{}) return;
    pass_time(since);
    const twill::duration length = until - since;
    first_ += length;
    last_start_ += length;
    now_ += length;
}

// Of those beside more others, how much longer they were blocked than those beside the fewest.
double run_report::blocked_growth() const noexcept {
    const auto* const alone = std::ranges::find_if(
        crowds_, [](const crowd& each) { return each.jobs >= least_in_crowd; });
    if (alone == crowds_.end()) return 0;
    const double usual = alone->blocked / static_cast<double>(alone->jobs);
    double growth = 0;
    for (const auto* each = alone + 1; each != crowds_.end(); ++each)
        growth += std::max(each->blocked - usual * static_cast<double>(each->jobs), 0.0);
    return growth;
}

run_report::sums run_report::sum_up() const noexcept {
    sums all;
    all.jobs = measured_ == 0 ? 0 : measured_ + unmeasured_;
    all.allowed = allowed_;
    all.seconds = seconds(now_ - first_);
    const double room = static_cast<double>(allowed_) * all.seconds;
    if (measured_ == 0 || room <= 0) return all;
    const double growth = blocked_growth();
    const double of_measured = run_ + blocked_ - growth;
    const auto jobs = static_cast<double>(all.jobs);
    all.one_by_one = of_measured * jobs / static_cast<double>(measured_);
    all.actual = all.one_by_one / all.seconds;
    const double by_cpus = run_ > 0 ? cpus_ * of_measured / run_ : all.one_by_one;
    all.predicted = std::max(std::min({static_cast<double>(allowed_), jobs, by_cpus}), all.actual);
    const double after = seconds(now_ - last_start_);
    const double tail =
        static_cast<double>(allowed_) * after - (occupied_ - occupied_at_last_start_);
    all.lost = {.queue = queued_ / room,
                .growth = growth / room,
                .start = start_ / room,
                .unfilled = std::max(room - occupied_ - tail, 0.0) / room,
                .tail = std::max(tail, 0.0) / room};
    return all;
}

std::vector<std::string> run_report::lines() const {
    const sums all = sum_up();
    if (all.jobs == 0) return {"report: no job was measured"};
    const auto percent = [](double share) { return fmt::format("{:.1f}%", 100 * share); };
    return {
        fmt::format("report: {} jobs in {:.2f} s; one after the other they would take {:.2f} s",
                    all.jobs, all.seconds, all.one_by_one),
        fmt::format("report: {:.1f} times as fast; {:.1f} times were to be had with {} at a time",
                    all.actual, all.predicted, all.allowed),
        fmt::format(
            "report: of the slots' time, lost: {} waiting for a CPU, {} blocked longer than "
            "where few ran, {} starting processes, {} before as many ran, {} in the tail "
            "of the last jobs",
            percent(all.lost.queue), percent(all.lost.growth), percent(all.lost.start),
            percent(all.lost.unfilled), percent(all.lost.tail))};
}

}  // namespace twill_command
