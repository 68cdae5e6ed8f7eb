#include <twill/async/detail/hazard.hpp>

#include <utility>

namespace twill::inline TWILL_ABI::detail {

hazard_slot& hazard_slots::take() {
    for (hazard_slot* each = first_.load(std::memory_order_acquire); each != nullptr;
         each = each->next) {
        bool taken = false;
        if (!each->taken.load(std::memory_order_relaxed) &&
            each->taken.compare_exchange_strong(taken, true, std::memory_order_acquire,
                                                std::memory_order_relaxed))
            return *each;
    }
    auto* const one = new hazard_slot;
    one->next = first_.load(std::memory_order_relaxed);
    // Sequentially consistent, as what comes after it: who looks at all slots sees this one, or
    // its reader sees what that one has done before.
    while (!first_.compare_exchange_weak(one->next, one, std::memory_order_seq_cst,
                                         std::memory_order_relaxed)) {
    }
    return *one;
}

bool hazard_slots::anyone_reads(const void* what) const noexcept {
    for (const hazard_slot* each = first_.load(std::memory_order_seq_cst); each != nullptr;
         each = each->next)
        if (each->reads.load(std::memory_order_seq_cst) == what) return true;
    return false;
}

void hazard_slots::free_all() noexcept {
    for (hazard_slot* each = first_.exchange(nullptr, std::memory_order_relaxed); each != nullptr;)
        delete std::exchange(each, each->next);
}

}  // namespace twill::inline TWILL_ABI::detail
