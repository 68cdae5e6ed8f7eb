// Threads of low weight, and those of normal weight that take over when they are starved.
// lanes.md has the reasons; the rules are in lane_rule.hpp.
#include <twill/core/event.hpp>

#include <chrono>
#include <mutex>
#include <string>
#include <utility>

#include "compute_core.hpp"

namespace twill::inline TWILL_ABI {
namespace detail {

// On the thread, before it works.
void compute_core::take_weight(compute_worker& self) noexcept {
    self.id_ = this_thread_id();
    self.identified_.store(true, std::memory_order_release);
    if (!self.low_ || lower_weight_of_this_thread(weight_)) return;
    // A sandbox that refuses it once will refuse it always. Threads that have their low weight
    // already are of no use then, except where there is no other.
    std::lock_guard hold(lock_);
    self.low_ = false;
    self.io_ = io_;
    low_wanted_.store(false, std::memory_order_relaxed);
    weight_refused_ = true;
}

// ---- the ticker's side

void compute_core::watch_weights(time_point at) noexcept {
    if (at < next_watch_) return;
    next_watch_ = after(at, starved_after_ / 4);
    if (weight_rule_.low()) {
        for (auto* w = first_worker_.load(std::memory_order_acquire); w != nullptr; w = w->next_)
            watch_low(*w, at);
    } else if (weight_rule_.due(at)) {
        watch_normal(at);
    }
}

void compute_core::watch_low(compute_worker& worker, time_point at) noexcept {
    // Acquire pairs with the release in `take_weight`.
    if (worker.guest_ || !worker.identified_.load(std::memory_order_acquire)) return;
    const std::uint32_t activity = worker.activity_.load(std::memory_order_relaxed);
    const bool works = (activity & 1) != 0;
    const bool worked = activity == worker.watched_activity_;
    worker.watched_activity_ = activity;
    if (!works) return;
    const duration ran = watch_.ran(worker.id_);
    if (!worked || (worker.starvation_.suspected(at, ran) && !watch_.ready(worker.id_)))
        worker.starvation_.begin(at, ran);
    else if (worker.starvation_.found(at, ran))
        write_off(worker, at);
}

// The thread keeps what it is in the middle of: only a privilege could raise it. Its core goes to
// one of normal weight, and so does all that the lane does from now on.
void compute_core::write_off(compute_worker& worker, time_point at) noexcept {
    {
        std::lock_guard hold(lock_);
        // By now it may wait for something, and have no core.
        if (!worker.low_ || weight_refused_ || !worker.has_core_) return;
        worker.written_off_.store(true, std::memory_order_relaxed);
        give_up_core(worker);
        low_wanted_.store(false, std::memory_order_relaxed);
    }
    if (weight_rule_.low()) {
        weight_rule_.starved(at);
        report_due_.store(true, std::memory_order_relaxed);
        note(event_kind::lane_starved, this, thread_name_, worker.number_);
    }
    // Even if nothing waits somebody has to come, for the report.
    if (!wake_one(help_for::region, true)) wake_one(help_for::job, true);
}

void compute_core::watch_normal(time_point at) noexcept {
    duration ran{};
    duration waited{};
    for (auto* w = first_worker_.load(std::memory_order_acquire); w != nullptr; w = w->next_) {
        if (w->guest_ || !w->identified_.load(std::memory_order_acquire)) continue;
        // Of those of low weight too: they do not work, or are of no use.
        const duration ran_before = std::exchange(w->seen_ran_, watch_.ran(w->id_));
        const duration waited_before = std::exchange(w->seen_waited_, watch_.waited(w->id_));
        if (w->low_) continue;
        ran += w->seen_ran_ - ran_before;
        waited += w->seen_waited_ - waited_before;
    }
    weight_rule_.seen(at, ran, waited);
    if (!weight_rule_.low()) return;
    note(event_kind::lane_returned, this, thread_name_);
    std::lock_guard hold(lock_);
    if (!weight_refused_) low_wanted_.store(true, std::memory_order_relaxed);
}

// ---- the workers' side

// Between two jobs of a thread that was written off. Even if all cores are taken: it then steps
// back, as others do.
void compute_core::come_back(compute_worker& self) noexcept {
    self.written_off_.store(false, std::memory_order_relaxed);
    std::lock_guard hold(lock_);
    take_core(self);
}

// On whichever thread comes by between two jobs; as a rule that is one of normal weight, which was
// called for it. The ticker must not wait for whoever takes reports.
void compute_core::report_starvation() noexcept {
    if (!report_due_.exchange(false, std::memory_order_relaxed) || !report_) return;
    try {
        const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(starved_after_);
        report_("twill: a thread of low weight (" + std::string(thread_name_) +
                ") was ready to run for " + std::to_string(limit.count()) +
                " ms and got less than a tenth of a CPU: others use them all. Threads of normal "
                "weight go on with its work, until there is room again\n");
    } catch (...) {
        // There was no memory for it, or nobody to take it: no reason to end the program.
        return;
    }
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
