#include <twill/core/futex_mutex.hpp>

namespace twill::inline TWILL_ABI {

void futex_mutex::lock_slowly() noexcept {
    while (word_.exchange(2, std::memory_order_acquire) != 0)
        word_.wait(2, std::memory_order_relaxed);
}

void futex_mutex::wake_one() noexcept { word_.notify_one(); }

}  // namespace twill::inline TWILL_ABI
