// For calls that raise SIGPIPE when nobody reads, and have no flag against it.
//
//     const ssize_t written = without_sigpipe([&] { return ::write(fd, data, size); });
//
// The signal is directed at this thread: it is held back meanwhile, and taken unless one was
// pending before. errno is the call's.
#pragma once

#include <twill/core/config.hpp>

#include <pthread.h>
#include <signal.h>
#include <sys/types.h>
#include <time.h>
#include <cerrno>

namespace twill::inline TWILL_ABI::detail {

template <class Call>
ssize_t without_sigpipe(Call call) noexcept {
    sigset_t pipe_signal;
    sigset_t pending;
    sigset_t before;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    const ssize_t result = call();
    const int why = errno;
    if (result < 0 && why == EPIPE && sigismember(&pending, SIGPIPE) == 0) {
        const timespec at_once{};
        while (sigtimedwait(&pipe_signal, nullptr, &at_once) < 0 && errno == EINTR) {
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = why;
    return result;
}

}  // namespace twill::inline TWILL_ABI::detail
