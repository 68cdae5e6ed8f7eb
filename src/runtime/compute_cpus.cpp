// As many threads compute as there are usable CPUs, also when that changes.
#include "cpu_source.hpp"

#include <twill/core/futex_mutex.hpp>
#include <twill/runtime/usable_cpus.hpp>

#include <algorithm>
#include <mutex>
#include <new>

#include "compute_core.hpp"

namespace twill::inline TWILL_ABI {
namespace detail {
namespace {

class kernels_cpus final : public cpu_source {
public:
    unsigned usable(int thread) noexcept override {
        try {
            std::lock_guard hold(lock_);
            // One look asks for many threads.
            if (const time_point at = now(); at >= read_again_) {
                const cpu_budget budget = read_cpu_budget();
                affinity_ = budget.affinity;
                quota_ = budget.quota;
                read_again_ = after(at, good_for() / 2);
            }
            const unsigned mask = affinity_of_thread(thread);
            return combine_cpu_limits(mask != 0 ? mask : affinity_, quota_);
        } catch (const std::bad_alloc&) {
            return 0;
        }
    }

    double quota() noexcept override {
        std::lock_guard hold(lock_);
        return quota_;
    }

private:
    futex_mutex lock_;
    // Guarded by lock_.
    unsigned affinity_ = 1;
    double quota_ = 1;
    time_point read_again_ = time_point::min();
};

}  // namespace

cpu_source& cpu_source::kernel() noexcept {
    static constinit kernels_cpus one;
    return one;
}

// By the widest mask among the pool's threads: one that its job has bound to a CPU says nothing
// about the others. The first that may use as many CPUs as now is enough.
unsigned compute_core::usable_now() const noexcept {
    unsigned most = 0;
    for (auto* w = first_worker_.load(std::memory_order_acquire); w != nullptr; w = w->next_) {
        // Acquire pairs with the release in `take_weight`.
        if (!w->identified_.load(std::memory_order_acquire)) continue;
        most = std::max(most, cpus_->usable(w->id_.number));
        if (most >= workers()) break;
    }
    return most;
}

// Fewer CPUs: a thread that comes out of a job sees that it is one too many, and sleeps. More: who
// waits is called; what is on offer finds its thread at the next beat, or tick.
void compute_core::follow_cpus(time_point at) noexcept {
    if (at < next_cpu_look_) return;
    next_cpu_look_ = after(at, cpus_->good_for());
    const unsigned before = workers();
    // It tells the quota of the time when it was asked for the number.
    const unsigned usable = number_is_given_ ? (cpus_->usable(0), before) : usable_now();
    const bool changed = usable != 0 && usable != before;
    if (changed) {
        // `cores` is exact under the lock.
        std::lock_guard hold(lock_);
        workers_.store(usable, std::memory_order_relaxed);
    }
    follow_quota();
    if (!changed) return;
    for (unsigned i = before; i < usable; ++i)
        if (!wake_one(help_for::region, true)) break;
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
