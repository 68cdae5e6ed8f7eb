#include "twill/map/stop_here.hpp"

#include <csignal>

namespace twill_command {

void stop_here() {
    struct sigaction ours{};
    struct sigaction usual{};
    usual.sa_handler = SIG_DFL;
    sigset_t stop;
    sigset_t before;
    ::sigemptyset(&stop);
    ::sigaddset(&stop, SIGTSTP);
    ::sigaction(SIGTSTP, &usual, &ours);
    ::pthread_sigmask(SIG_UNBLOCK, &stop, &before);
    ::raise(SIGTSTP);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ::sigaction(SIGTSTP, &ours, nullptr);
}

}  // namespace twill_command
