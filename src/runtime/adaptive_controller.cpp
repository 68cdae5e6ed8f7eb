// Numbers that are not derived stand where they are used, with their reason; they were checked
// against a simulated server (tests/runtime/adaptive_controller_test.cpp), not tuned to one.
#include <twill/runtime/adaptive_controller.hpp>

#include <twill/core/error.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace {

constexpr std::size_t most_samples = 256;

double seconds(duration d) noexcept { return std::chrono::duration<double>(d).count(); }

// The typical call: the lower quartile, which a slow reaper, a cold cache or a burst of strangers
// does not move.
template <class Part>
duration lower_quartile(std::vector<call_sample>& samples, Part part) {
    if (samples.empty()) return {};
    const auto at = samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 4);
    std::ranges::nth_element(samples, at, {}, part);
    return (*at).*part;
}

}  // namespace

adaptive_controller::adaptive_controller(const adaptive_options& options, time_point now)
    : options_(options), limit_(options.start), seen_until_(now) {
    if (options.least < 1 || options.start < options.least || options.most < options.start)
        throw usage_error("adaptive_options: 1 <= least <= start <= most must hold");
    if (!(options.cpus > 0)) throw usage_error("adaptive_options: cpus must be more than 0");
    now_.samples.reserve(most_samples);
    decisions_.reserve(most_kept_decisions);
    start_epoch(now);
    decisions_.push_back({now, limit_, adaptive_reason::start});
}

void adaptive_controller::pass_time(time_point now) noexcept {
    now_.occupancy += static_cast<double>(in_progress_) * seconds(now - seen_until_);
    seen_until_ = now;
}

void adaptive_controller::begun(time_point now) noexcept {
    pass_time(now);
    ++in_progress_;
    if (now_.joined < cohort_wanted() || now == now_.cohort_until) {
        ++now_.joined;
        ++now_.cohort;
        now_.cohort_until = now;
    }
}

void adaptive_controller::ended_unmeasured(time_point began, time_point now) noexcept {
    pass_time(now);
    --in_progress_;
    leave_cohort(began, now);
}

void adaptive_controller::ended(time_point began, time_point now,
                                const call_sample& call) noexcept {
    pass_time(now);
    --in_progress_;
    ++calls_since_cut_;
    if (call.overloaded) {
        // One cut for what began under the same limit.
        if (calls_since_cut_ > limit_)
            cut_back(now);
        else
            leave_cohort(began, now);
        return;
    }
    count_in_mix(call);
    if (grows_as_mixed(now)) return;
    if (!came_into_cohort(began)) {
        ++now_.others;
        judge_if_enough(now);
        return;
    }
    ++now_.calls;
    now_.total += now - began;
    now_.run += call.run;
    now_.queued += call.queued;
    if (now_.samples.size() < most_samples) now_.samples.push_back(call);
    judge_if_enough(now);
}

bool adaptive_controller::came_into_cohort(time_point began) const noexcept {
    return began >= now_.began && began <= now_.cohort_until;
}

// Nobody comes in for it: those that began since then are partly known to be short or long.
void adaptive_controller::leave_cohort(time_point began, time_point now) noexcept {
    if (!came_into_cohort(began) || now_.cohort == 0) return;
    --now_.cohort;
    judge_if_enough(now);
}

void adaptive_controller::judge_if_enough(time_point now) {
    if (too_few_left())
        start_epoch(now);
    else if (enough_seen())
        judge(now, conclude(now));
}

// A typical call says nothing of a list where some compute and others wait; averages do. They
// forget slowly enough that a few calls of one kind in a row are not taken for all.
void adaptive_controller::count_in_mix(const call_sample& call) noexcept {
    const double weight = 1 / std::min(static_cast<double>(++mix_calls_), 32.0);
    mix_cpu_ += weight * (seconds(std::max(call.run, call.cpu)) - mix_cpu_);
    const double run = seconds(call.run);
    const double blocked = seconds(call.blocked);
    mix_blocked_ += weight * (blocked - mix_blocked_);
    mix_run_squared_ += weight * (run * run - mix_run_squared_);
    mix_blocked_squared_ += weight * (blocked * blocked - mix_blocked_squared_);
    mix_product_ += weight * (run * blocked - mix_product_);
    mix_run_ += weight * (run - mix_run_);
}

// What the first calls said was not true of all: they computed, and those now wait. That holds
// beside strangers too, when nothing can be said of throughputs.
bool adaptive_controller::grows_as_mixed(time_point now) {
    constexpr std::size_t few = 8;
    ++calls_since_set_;
    const bool searches =
        phase_ == phase::grow || phase_ == phase::confirm ||
        (phase_ == phase::hold && decisions_.back().reason == adaptive_reason::cpu_bound);
    if (!searches || calls_since_set_ < std::max(few, limit_)) return false;
    const double enough = enough_for_mix();
    // Less is within what a busy machine makes of calls that only compute.
    if (enough < 3 * static_cast<double>(limit_) || limit_ == options_.most) return false;
    const finding seen = conclude(now);
    phase_ = phase::grow;
    set(now, within_bounds(std::min(enough, 4 * static_cast<double>(limit_))),
        adaptive_reason::growing, seen);
    start_epoch(now);
    return true;
}

// Those that compute much wait little: run and blocked times are correlated, negatively. Where all
// wait for the same server, however long, they are not. 0: there is no mix.
double adaptive_controller::enough_for_mix() const noexcept {
    const double both = mix_product_ - mix_run_ * mix_blocked_;
    const double run = mix_run_squared_ - mix_run_ * mix_run_;
    const double blocked = mix_blocked_squared_ - mix_blocked_ * mix_blocked_;
    constexpr double clearly = -0.4;
    const bool is_mixed = run > 0 && blocked > 0 && both < clearly * std::sqrt(run * blocked);
    if (!is_mixed || mix_cpu_ <= 0) return 0;
    return 2 * options_.cpus * (mix_run_ + mix_blocked_) / mix_cpu_;
}

// While it grows, those that were added are enough to see whether twice as many do twice as much.
// Smaller differences need more calls.
std::size_t adaptive_controller::cohort_wanted() const noexcept {
    if (phase_ == phase::grow) return std::max<std::size_t>(limit_ / 2, 1);
    return std::max<std::size_t>(2 * limit_, 48);
}

// Nine of ten, or of so many others that the rest are stragglers.
bool adaptive_controller::enough_seen() const noexcept {
    if (now_.joined < cohort_wanted() || now_.calls == 0) return false;
    return now_.calls >= now_.cohort - now_.cohort / 10 || now_.others > 4 * now_.cohort + 16;
}

// This cohort will never be enough: most of it ended unmeasured, or all that is left of it goes on
// for ever.
bool adaptive_controller::too_few_left() const noexcept {
    if (now_.joined < cohort_wanted()) return false;
    if (now_.cohort < now_.joined - now_.joined / 2) return true;
    return now_.calls == 0 && now_.others > 4 * now_.cohort + 16;
}

adaptive_controller::finding adaptive_controller::conclude(time_point now) {
    const double length = std::max(seconds(now - now_.began), 1e-9);
    finding seen{};
    seen.calls = now_.calls;
    seen.occupied = now_.occupancy / length;
    // By Little's law: a count of those that ended would jump with the bursts in which they end.
    // Without the stragglers, so low by a factor that the laws of the calls' lengths give; it is
    // the same for all epochs, and nothing is concluded from latencies and throughputs but by
    // ratios and by products of the two.
    if (now_.calls > 0) {
        seen.latency = now_.total / static_cast<duration::rep>(now_.calls);
        seen.throughput = seen.occupied / std::max(seconds(seen.latency), 1e-9);
    }
    seen.run = lower_quartile(now_.samples, &call_sample::run);
    seen.cpu = std::max(seen.run, lower_quartile(now_.samples, &call_sample::cpu));
    seen.blocked = lower_quartile(now_.samples, &call_sample::blocked);
    // As many calls as keep the CPUs busy explain that each waits for about as long as it runs.
    seen.disturbed = now_.queued > 2 * now_.run && seconds(now_.queued) > 0.1 * length;
    return seen;
}

void adaptive_controller::judge(time_point now, const finding& seen) {
    const bool unused = seen.occupied < 0.75 * static_cast<double>(limit_);
    if (!seen.disturbed && !unused) {
        switch (phase_) {
            case phase::grow:
                after_growth(now, seen, false);
                break;
            case phase::confirm:
                after_growth(now, seen, true);
                break;
            case phase::hold:
                while_holding(now, seen);
                break;
            case phase::try_more:
                after_more(now, seen);
                break;
            case phase::try_less:
                after_less(now, seen);
                break;
        }
    }
    start_epoch(now);
}

void adaptive_controller::after_growth(time_point now, const finding& seen, bool confirmed) {
    // Twice the calls and not even a tenth more done: something is in full use.
    const bool more_done = seen.throughput > 1.1 * reached_;
    if (!more_done && !confirmed) {
        phase_ = phase::confirm;  // the generation that grew may have been seen half
        return;
    }
    if (!more_done) {
        settle(now, seen);
        return;
    }
    // From half of it to all of what the added calls could do: nothing queues yet.
    if (seen.throughput > 1.5 * reached_) count_as_alone(seen);
    reached_ = seen.throughput;
    phase_ = phase::grow;
    const std::size_t enough = enough_for_cpus(seen);
    const std::size_t next = std::min(within_bounds(2.0 * static_cast<double>(limit_)), enough);
    if (next > limit_) {
        set(now, next, adaptive_reason::growing, seen);
        return;
    }
    hold(seen);
    if (enough <= limit_)
        set(now, enough, adaptive_reason::cpu_bound, seen);
    else
        set(now, limit_, adaptive_reason::at_most, seen);
}

// The limit brings nothing over a lower one: lower it to what is enough, and see that it is.
void adaptive_controller::settle(time_point now, const finding& seen) {
    std::size_t enough = std::min(limit_, enough_for_cpus(seen));
    enough = std::min(enough, alone_calls_ > 0 ? enough_for_throughput(seen.throughput)
                                               : within_bounds(static_cast<double>(limit_) / 2));
    hold(seen);
    if (enough < limit_) {
        phase_ = phase::try_less;
        fallback_ = limit_;
    }
    set(now, enough, adaptive_reason::saturated, seen);
}

void adaptive_controller::after_less(time_point now, const finding& seen) {
    if (seen.throughput >= 0.93 * reached_) {
        if (alone_calls_ > 0 || limit_ == options_.least)
            hold(seen);
        else
            settle(now, seen);  // half as many may do
        return;
    }
    // So nothing queued behind this smaller number of calls, and what was thought to be their
    // latency without a queue is not, any more: it is what they have now.
    alone_calls_ = alone_seconds_ = 0;
    count_as_alone(seen);
    const std::size_t back = std::max(enough_for_throughput(reached_),
                                      limit_ + std::max<std::size_t>(1, (fallback_ - limit_) / 4));
    if (back >= fallback_) hold(seen);
    set(now, std::min(back, fallback_), adaptive_reason::too_low, seen);
}

void adaptive_controller::count_as_alone(const finding& seen) noexcept {
    alone_seconds_ += seconds(seen.latency) * static_cast<double>(seen.calls);
    alone_calls_ += static_cast<double>(seen.calls);
}

void adaptive_controller::while_holding(time_point now, const finding& seen) {
    if (held_unknown_) hold(seen);
    const std::size_t cpus_need = enough_for_cpus(seen);
    if (cpus_need < limit_ - limit_ / 8) {
        hold(seen);
        set(now, cpus_need, adaptive_reason::cpu_bound, seen);
        return;
    }
    // Slower, with nothing to show for it: a queue has grown behind the calls.
    const bool slower = seen.latency > held_latency_ + held_latency_ / 2;
    const bool in_vain = slower && seen.throughput < 1.1 * reached_;
    // Twice: the first time, only a part of what was seen may be of after the change.
    if (std::exchange(in_vain_, in_vain) && in_vain) {
        settle(now, seen);
        return;
    }
    if (in_vain) return;
    reached_ += (seen.throughput - reached_) / 4;
    if (++held_for_ < tries_after_ || limit_ >= std::min(options_.most, cpus_need)) return;
    fallback_ = limit_;
    phase_ = phase::try_more;
    set(now, std::min(within_bounds(one_more_try()), cpus_need), adaptive_reason::trying, seen);
}

double adaptive_controller::one_more_try() const noexcept {
    const auto limit = static_cast<double>(limit_);
    return std::max(1.25 * limit, limit + 1);
}

void adaptive_controller::after_more(time_point now, const finding& seen) {
    const double added = static_cast<double>(limit_) / static_cast<double>(fallback_) - 1;
    if (seen.throughput > reached_ * (1 + 0.4 * added)) {
        // Once may be chance: the second time it begins to double again.
        const bool again = std::exchange(more_helped_, true);
        reached_ = seen.throughput;
        fallback_ = limit_;
        phase_ = again ? phase::grow : phase::try_more;
        if (again) tries_after_ = 8;
        const double more = again ? 2.0 * static_cast<double>(limit_) : one_more_try();
        const std::size_t next = std::min(within_bounds(more), enough_for_cpus(seen));
        if (next <= limit_) hold(seen);
        set(now, std::max(next, limit_), again ? adaptive_reason::growing : adaptive_reason::trying,
            seen);
        return;
    }
    tries_after_ = std::min(2 * tries_after_, 128U);
    hold(seen);
    set(now, fallback_, adaptive_reason::no_gain, seen);
}

void adaptive_controller::hold(const finding& seen) noexcept {
    phase_ = phase::hold;
    reached_ = seen.throughput;
    held_latency_ = seen.latency;
    held_for_ = 0;
    in_vain_ = false;
    more_helped_ = false;
    held_unknown_ = seen.calls == 0;
}

void adaptive_controller::cut_back(time_point now) {
    const finding seen = conclude(now);
    calls_since_cut_ = 0;
    hold(seen);
    tries_after_ = 8;
    set(now, within_bounds(0.7 * static_cast<double>(limit_)), adaptive_reason::overloaded, seen);
    start_epoch(now);
}

void adaptive_controller::set(time_point now, std::size_t limit, adaptive_reason why,
                              const finding& seen) {
    limit_ = limit;
    calls_since_set_ = 0;
    if (decisions_.size() == most_kept_decisions) decisions_.erase(decisions_.begin());
    decisions_.push_back({now, limit, why, seen.throughput, seen.run, seen.blocked});
}

void adaptive_controller::start_epoch(time_point now) {
    now_.began = now;
    now_.cohort_until = never;
    now_.joined = 0;
    now_.cohort = 0;
    now_.calls = 0;
    now_.others = 0;
    now_.samples.clear();
    now_.run = {};
    now_.queued = {};
    now_.total = {};
    now_.occupancy = 0;
}

// Calls that run for r and are blocked for b keep C CPUs busy when C (r + b) / r are in progress.
// With b below a tenth of r, C: more would only take turns.
std::size_t adaptive_controller::enough_for_cpus(const finding& seen) const noexcept {
    const double r = seconds(seen.run);
    const double b = seconds(seen.blocked);
    if (r <= 0) return options_.most;
    // With several threads each call keeps several of them busy.
    const double busy = seconds(seen.cpu);
    const double full = options_.cpus * (b < 0.1 * r ? r : r + b) / busy;
    // Far from typical on average: there is more than one kind.
    const double mixed = enough_for_mix();
    return within_bounds(std::ceil(mixed > 4 * full ? mixed : full));
}

// Little's law for calls that do not queue, and a tenth more, so that what is behind them never
// runs dry.
std::size_t adaptive_controller::enough_for_throughput(double throughput) const noexcept {
    return within_bounds(std::ceil(1.1 * throughput * alone_seconds_ / alone_calls_));
}

std::size_t adaptive_controller::within_bounds(double limit) const noexcept {
    return static_cast<std::size_t>(
        std::clamp(limit, static_cast<double>(options_.least), static_cast<double>(options_.most)));
}

}  // namespace twill::inline TWILL_ABI
