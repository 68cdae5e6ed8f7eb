// How many threads may compute, and how much of the time: the pool's side of quota_keeper.hpp.
#include <twill/core/event.hpp>

#include <time.h>

#include <cmath>

#include "compute_core.hpp"
#include "quota_keeper.hpp"

namespace twill::inline TWILL_ABI {
namespace detail {

// The mask of a thread that computes: the one that asks may be another's, and the ticker's is that
// of whoever began to work first.
unsigned compute_core::usable_now() const noexcept {
    pid_t thread = 0;
    for (auto* w = first_worker_.load(std::memory_order_acquire); w != nullptr; w = w->next_)
        // Acquire pairs with the release in `take_weight`.
        if (w->identified_.load(std::memory_order_acquire)) thread = w->id_.number;
    // Foreign code reaches no beat at which it could rest: it gets whole CPUs only.
    const double quota = lane_ == lane::foreign ? std::floor(quota_.quota()) : quota_.quota();
    return combine_cpu_limits(affinity_of_thread(thread), quota);
}

// More CPUs: whoever waits is called. Fewer: threads that come out of a job see that they are too
// many.
void compute_core::tick_quota(time_point at) noexcept {
    if (const std::uint32_t alarms = quota_.alarms(); alarms != seen_alarms_) {
        seen_alarms_ = alarms;
        throttling_due_.store(true, std::memory_order_relaxed);
    }
    if (!follows_cpus_ || at < next_cpu_look_) return;
    next_cpu_look_ = after(at, quota_keeper::look);
    const unsigned before = workers();
    const unsigned usable = usable_now();
    if (usable == before) return;
    workers_.store(usable, std::memory_order_relaxed);
    for (unsigned i = before; i < usable; ++i) wake_for_what_waits();
}

// With everything on offer that it has; its core is nobody else's meanwhile, which is the point.
void compute_core::rest_for_quota(compute_worker& self) noexcept {
    const duration rest = quota_.take_rest();
    if (rest == duration::zero()) return;
    self.offer_oldest(std::memory_order_release);
    note(event_kind::park, &self, "quota");
    const timespec length{0, rest.count()};
    ::clock_nanosleep(CLOCK_MONOTONIC, 0, &length, nullptr);
    note(event_kind::unpark, &self);
}

void compute_core::report_throttling() noexcept {
    if (!throttling_due_.exchange(false, std::memory_order_relaxed) || !report_) return;
    try {
        report_(quota_.report());
    } catch (...) {
        // As report_starvation.
        return;
    }
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
