#include "check/signals.hpp"

#include "check/scheduler.hpp"
#include "check/world.hpp"

#include <csignal>

namespace twill::inline TWILL_ABI::check {
namespace {

// Whether a wait of that kind ends when a handler has run.
bool interrupts(int signal, action waiting) noexcept {
    struct sigaction how{};
    TWILL_REAL(sigaction)(signal, nullptr, &how);
    if (how.sa_handler == SIG_IGN || how.sa_handler == SIG_DFL) return false;
    switch (waiting) {
        case action::sleep:
        case action::poll:
            return true;
        case action::acquire:
        case action::read:
        case action::write:
            return (how.sa_flags & SA_RESTART) == 0;
        default:
            return false;
    }
}

// Out of its own signals or those of the process; 0: none.
int take_signal(thread& me) noexcept {
    for (std::uint64_t* const from : {&me.signals, &the.signals}) {
        const std::uint64_t deliverable = *from & ~me.blocked;
        if (deliverable == 0) continue;
        const int number = __builtin_ctzll(deliverable) + 1;
        *from &= ~bit_of_signal(number);
        changed();  // others might have taken it
        return number;
    }
    return 0;
}

}  // namespace

std::uint64_t blocked_signals() noexcept {
    std::uint64_t blocked = 0;
    raw_syscall(SYS_rt_sigprocmask, SIG_BLOCK, 0, as_word(&blocked), sizeof blocked);
    return blocked;
}

bool has_signals(const thread& of) noexcept {
    return ((of.signals | the.signals) & ~of.blocked) != 0;
}

bool handle_signals(thread& me, action waiting) noexcept {
    bool interrupted = false;
    while (const int number = take_signal(me)) {
        interrupted = interrupts(number, waiting) || interrupted;
        const operation next = me.next;
        const bool cancellable = me.cancellable;
        const std::uint32_t depth = me.in_runtime;
        me.next = {.kind = action::handle_signal};
        me.cancellable = false;
        me.in_runtime = 0;
        // It is not blocked: its handler has run when this returns.
        raw_syscall(SYS_tgkill, raw_syscall(SYS_getpid), me.kernel_id, number);
        me.in_runtime = depth;
        me.cancellable = cancellable;
        me.next = next;
        // While the handler ran it could not be notified, so it looks again for itself.
        if (me.waiting) me.notified = true;
    }
    return interrupted;
}

}  // namespace twill::inline TWILL_ABI::check
