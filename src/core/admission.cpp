#include <twill/core/admission.hpp>

#include <mutex>

namespace twill::inline TWILL_ABI::detail {

void admission::enter(executor& where, runnable& first_step) noexcept {
    {
        std::lock_guard hold(lock_);
        if (free_ == 0) return waiting_.push_back(first_step);
        --free_;
    }
    where.post(first_step);
}

void admission::leave(executor& where) noexcept {
    runnable* next = nullptr;
    {
        std::lock_guard hold(lock_);
        next = waiting_.pop_front();
        if (next == nullptr) ++free_;
    }
    if (next != nullptr) where.post(*next);
}

}  // namespace twill::inline TWILL_ABI::detail
