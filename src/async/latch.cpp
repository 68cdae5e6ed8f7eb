#include <twill/async/latch.hpp>
#include <twill/core/error.hpp>

namespace twill::inline TWILL_ABI {

void latch::count_down(std::uint64_t n) {
    std::uint64_t left = left_.load(std::memory_order_relaxed);
    // Acq_rel: the last one has seen, and passes on, what all others did before.
    do {
        if (left < n)
            throw usage_error(
                "a latch was counted down more often than it was made for: give its "
                "constructor the number of all calls");
    } while (!left_.compare_exchange_weak(left, left - n, std::memory_order_acq_rel,
                                          std::memory_order_relaxed));
    if (left == n && n != 0) open_.set();
}

}  // namespace twill::inline TWILL_ABI
