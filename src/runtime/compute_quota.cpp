// The compute worker's side of staying below a CPU quota. The rule is in quota_pace.hpp.
#include <twill/core/event.hpp>

#include <time.h>

#include <chrono>
#include <limits>
#include <mutex>

#include "compute_core.hpp"

namespace twill::inline TWILL_ABI::detail {
namespace {

// Between two looks: summing up the time of all threads is a system call of a microsecond or more.
constexpr duration between_looks = std::chrono::microseconds(500);

duration cpu_time_of_process() noexcept {
    timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace

// A quota that gives each of those that compute a CPU, and one to those who serve I/O, need not be
// watched.
void compute_core::follow_quota() noexcept {
    const double quota = cpus_->quota();
    const bool binds = quota < workers() + 1;
    std::lock_guard hold(pacing_);
    pace_.set(binds ? quota : std::numeric_limits<double>::infinity());
    paced_.store(binds, std::memory_order_relaxed);
}

// Of many who come at the same time one looks.
duration compute_core::rest_due(time_point at) noexcept {
    if (at < next_pace_look_.load(std::memory_order_relaxed) || !pacing_.try_lock())
        return duration::zero();
    const std::lock_guard hold(pacing_, std::adopt_lock);
    next_pace_look_.store(after(at, between_looks), std::memory_order_relaxed);
    return pace_.look(at, cpu_time_of_process());
}

void compute_core::rest_is_over(duration rest) noexcept {
    const std::lock_guard hold(pacing_);
    pace_.over(rest);
}

// Its core is nobody else's meanwhile, which is the point. What it has to give is on offer.
// Gives the time when it is over.
time_point compute_worker::rest_for_quota(time_point at) noexcept {
    const duration rest = core_.rest_due(at);
    if (rest == duration::zero()) return at;
    offer_oldest(std::memory_order_release);
    note(event_kind::park, this, "quota");
    const timespec length{0, rest.count()};
    ::clock_nanosleep(CLOCK_MONOTONIC, 0, &length, nullptr);
    note(event_kind::unpark, this);
    core_.rest_is_over(rest);
    return now();
}

}  // namespace twill::inline TWILL_ABI::detail
