#include "timer_slack.hpp"

#include <twill/core/atomic.hpp>

#include <sys/prctl.h>

namespace twill::inline TWILL_ABI::detail {
namespace {

constexpr int least = 1;  // ns; 0 would mean: as it was when the thread began

// What a thread had that wanted exact timers; 0: none has yet. Relaxed: a number, and whoever
// inherits was started after it was stored.
constinit atomic<int> usual{0};

int slack() noexcept { return ::prctl(PR_GET_TIMERSLACK, 0UL, 0UL, 0UL, 0UL); }
void set_slack(int ns) noexcept {
    ::prctl(PR_SET_TIMERSLACK, static_cast<unsigned long>(ns), 0UL, 0UL, 0UL);
}

}  // namespace

void want_exact_timers() noexcept {
    if (const int before = slack(); before > least) usual.store(before, std::memory_order_relaxed);
    set_slack(least);
}

void return_inherited_slack() noexcept {
    const int before = usual.load(std::memory_order_relaxed);
    if (before != 0 && slack() == least) set_slack(before);
}

}  // namespace twill::inline TWILL_ABI::detail
