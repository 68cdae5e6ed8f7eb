#include "signal_mask.hpp"

#include <initializer_list>

namespace twill::inline TWILL_ABI::detail {

sigset_t signals_of_the_program() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS})
        ::sigdelset(&all, fault);
    return all;
}

sigset_t signals_blocked_here() noexcept {
    sigset_t now;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &now);
    return now;
}

void block_signals(const sigset_t& these) noexcept {
    ::pthread_sigmask(SIG_SETMASK, &these, nullptr);
}

blocked_signals::blocked_signals(const sigset_t& these) noexcept {
    ::pthread_sigmask(SIG_SETMASK, &these, &before_);
}

}  // namespace twill::inline TWILL_ABI::detail
