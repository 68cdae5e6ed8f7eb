#include "quota_keeper.hpp"

#include <cstdio>
#include <functional>
#include <new>
#include <utility>

#include "fork_guard.hpp"
#include "thread_weight.hpp"

namespace twill::inline TWILL_ABI::detail {

constinit quota_keeper quota_keeper::of_process_;

void quota_keeper::watch(const cpu_budget& known) noexcept {
    const unsigned here = fork_generation() + 1;
    unsigned seen = enrolled_in_.load(std::memory_order_relaxed);
    if (seen == here ||
        !enrolled_in_.compare_exchange_strong(seen, here, std::memory_order_relaxed))
        return;
    quota_.store(known.quota, std::memory_order_relaxed);
    ticker::process().enrol(*this);
}

pulse quota_keeper::tick() noexcept {
    const time_point at = now();
    if (at - std::exchange(ticked_, at) > pause)
        next_look_ = std::max(next_look_, after(at, first_look));
    if (at >= next_look_) look_at_files(at);
    if (pace_.limited()) {
        const duration refused{rest_.exchange(0, std::memory_order_relaxed)};
        const duration due = pace_.rest_due(at, cpu_time_of_process(), refused);
        rest_.store(due.count(), std::memory_order_relaxed);
    }
    return pulse::none;
}

void quota_keeper::look_at_files(time_point at) noexcept {
    next_look_ = after(at, look);
    try {
        heed(read_cpu_budget(root_), at);
    } catch (const std::bad_alloc&) {
        return;  // what was known still holds
    }
}

void quota_keeper::heed(const cpu_budget& budget, time_point at) noexcept {
    const bool binds = budget.quota < budget.affinity;
    pace_.set_quota(binds ? budget.quota : std::numeric_limits<double>::infinity());
    if (!binds) rest_.store(0, std::memory_order_relaxed);
    quota_.store(budget.quota, std::memory_order_relaxed);

    const cpu_throttling seen = read_cpu_throttling(budget);
    const cpu_throttling before = std::exchange(seen_, seen);
    const std::size_t source = std::hash<std::string>()(budget.quota_source);
    if (std::exchange(source_, source) != source) return;  // another group's figures
    const std::uint64_t periods = seen.periods - before.periods;
    const std::uint64_t throttled = seen.throttled - before.throttled;
    if (periods == 0) return;
    pace_.throttled(throttled != 0);
    if (throttled * worth_a_report < periods || at < next_report_) return;
    next_report_ = after(at, between_reports);
    reported_periods_.store(periods, std::memory_order_relaxed);
    reported_throttled_.store(throttled, std::memory_order_relaxed);
    alarms_.fetch_add(1, std::memory_order_relaxed);
}

std::string quota_keeper::report() const {
    const cpu_budget budget = read_cpu_budget(root_);
    char quota[32];
    std::snprintf(quota, sizeof quota, "%.2f", budget.quota);
    return "twill: the quota of " + std::string(quota) + " CPUs (" + budget.quota_source +
           ") was used up in " +
           std::to_string(reported_throttled_.load(std::memory_order_relaxed)) + " of the last " +
           std::to_string(reported_periods_.load(std::memory_order_relaxed)) +
           " periods, and all threads of the program stood still until they ended\n";
}

}  // namespace twill::inline TWILL_ABI::detail
