#include "check/debugging.hpp"

#include "check/system.hpp"

#include <twill/check/protocol.hpp>

#include <sys/prctl.h>

#include <ctime>

extern "C" {
// The debugger sets it; by its address, as it may have no types.
[[gnu::visibility("default")]] volatile int twill_check_debugged = 0;
}

// The debugger has a breakpoint here.
extern "C" [[gnu::visibility("default"), gnu::noinline]] void twill_check_before_last_switch() {
    asm volatile("");
}

namespace twill::inline TWILL_ABI::check {

void wait_for_debugger() noexcept {
    // Where only a process' ancestors may attach to it: anybody may to this one.
    raw_syscall(SYS_prctl, PR_SET_PTRACER, -1L);
    timespec moment{0, 10'000'000};
    while (twill_check_debugged == 0) raw_syscall(SYS_nanosleep, as_word(&moment), 0);
}

explore::thread_id debugged_replay::choose(const explore::choice& at) noexcept {
    const explore::thread_id chosen = schedule_.choose(at);
    if (!stopped_ && schedule_.before_last_switch()) {
        stopped_ = true;
        twill_check_before_last_switch();
    }
    return chosen;
}

}  // namespace twill::inline TWILL_ABI::check
