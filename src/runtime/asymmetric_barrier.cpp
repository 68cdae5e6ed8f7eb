#include <twill/runtime/detail/asymmetric_barrier.hpp>

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace twill::inline TWILL_ABI {
namespace detail {

constinit atomic<bool> asymmetric_barrier::prepared_{false};

void asymmetric_barrier::prepare() noexcept {
    if (::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0)
        prepared_.store(true, std::memory_order_seq_cst);
}

void asymmetric_barrier::heavy() noexcept {
    // Fails only when nobody has prepared it; then no light side relies on it.
    ::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
