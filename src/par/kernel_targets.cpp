#include "par/kernel_targets.hpp"

#if defined(TWILL_HAS_HIGHWAY)
#include <hwy/highway.h>
#include <hwy/targets.h>
#endif

namespace twill::inline TWILL_ABI {
namespace detail::kernels {

std::vector<std::int64_t> runnable_targets() {
    std::vector<std::int64_t> targets;
#if defined(TWILL_HAS_HIGHWAY)
    for (std::int64_t left = hwy::SupportedTargets() & HWY_TARGETS; left != 0; left &= left - 1)
        targets.push_back(left & -left);
#endif
    return targets;
}

void use_target([[maybe_unused]] std::int64_t target) {
#if defined(TWILL_HAS_HIGHWAY)
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
#endif
}

}  // namespace detail::kernels
}  // namespace twill::inline TWILL_ABI
