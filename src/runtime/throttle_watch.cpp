#include "throttle_watch.hpp"

#include <algorithm>
#include <cstdio>
#include <new>
#include <string>
#include <utility>

#include "fork_guard.hpp"

namespace twill::inline TWILL_ABI::detail {
namespace {

// A count that fell is that of another group of the same name.
template <class T>
T growth(T from, T to) {
    return to > from ? to - from : T{};
}

}  // namespace

std::optional<cpu_throttling> throttle_rule::seen(std::vector<cpu_throttling> groups,
                                                  time_point at) {
    cpu_throttling worst;
    for (const cpu_throttling& now : groups) {
        const auto then =
            std::ranges::find(before_, now.source, [](const auto& each) { return each.source; });
        if (then == before_.end()) continue;
        cpu_throttling grown{now.source, growth(then->periods, now.periods),
                             growth(then->throttled, now.throttled),
                             growth(then->stopped, now.stopped)};
        if (grown.throttled != 0 && grown.stopped >= worst.stopped) worst = std::move(grown);
    }
    before_ = std::move(groups);
    periods_ += worst.throttled;
    if (worst.throttled < least || worst.throttled * one_in < worst.periods || at < next_report_)
        return std::nullopt;
    next_report_ = after(at, between_reports);
    return worst;
}

std::string report_of(const cpu_throttling& what) {
    char stopped[32];
    std::snprintf(stopped, sizeof stopped, "%.1f ms",
                  std::chrono::duration<double, std::milli>(what.stopped).count());
    return "twill: the kernel has stopped threads in " + std::to_string(what.throttled) +
           " of the last " + std::to_string(what.periods) + " periods of the CPU quota, for " +
           stopped + " (summed over the CPUs), because it was used up (" + what.source +
           "). A higher quota helps, or fewer threads that compute (TWILL_COMPUTE_THREADS)\n";
}

throttle_watch::throttle_watch(blocking_pool& reporters, throttle_watch_options options)
    : reporters_(reporters),
      options_(std::move(options)),
      born_in_(fork_generation()),
      next_look_(after(now(), options_.look)) {
    watch_for_fork();
    ticker::process().enrol(*this);
}

throttle_watch::~throttle_watch() { end(); }

// In a forked child the ticker has forgotten it.
void throttle_watch::end() noexcept {
    if (std::exchange(ended_, true) || fork_generation() != born_in_) return;
    ticker::process().leave(*this);
}

// The ticker's thread must wait neither for the kernel, which may have to add up counts of hundreds
// of CPUs, nor for whoever takes the report.
pulse throttle_watch::tick() noexcept {
    const time_point at = now();
    // Acquire pairs with the release in `look`: what the last one wrote is seen by the next.
    if (at < next_look_ || looking_now_.load(std::memory_order_acquire)) return pulse::none;
    next_look_ = after(at, options_.look);
    looking_now_.store(true, std::memory_order_relaxed);
    if (reporters_.try_submit(looking_)) looking_now_.store(false, std::memory_order_relaxed);
    return pulse::none;
}

void throttle_watch::look() noexcept {
    try {
        const auto found = rule_.seen(read_cpu_throttling(options_.root), now());
        periods_.store(rule_.periods(), std::memory_order_relaxed);
        if (found) options_.report(report_of(*found));
    } catch (const std::bad_alloc&) {
        // Another look follows.
    }
    looking_now_.store(false, std::memory_order_release);
}

}  // namespace twill::inline TWILL_ABI::detail
