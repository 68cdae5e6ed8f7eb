#include <twill/core/when_any.hpp>

namespace twill::inline TWILL_ABI::detail {

void first_of::branch_ended(const branch& which) noexcept {
    const branch* none = nullptr;
    // Release pairs with the acquire in `is`, on whatever thread the owner goes on.
    if (first_.compare_exchange_strong(none, &which, std::memory_order_acq_rel))
        all_.request_cancel();
}

}  // namespace twill::inline TWILL_ABI::detail
