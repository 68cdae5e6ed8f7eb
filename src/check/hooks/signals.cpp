// Sending signals within the program, blocking them, and waiting for them.
#include "check/signals.hpp"

#include "check/cancellation.hpp"
#include "check/hooks/deadlines.hpp"
#include "check/world.hpp"

#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace twill::inline TWILL_ABI::check {
namespace {

// Only the kernel knows what becomes of others: of those that stop or end the process in any case,
// and of all while the program takes them from a descriptor.
bool goes_to_the_kernel = false;
bool is_ours(int number) noexcept {
    return number > 0 && number < 64 && number != SIGKILL && number != SIGSTOP &&
           !goes_to_the_kernel;
}

std::uint64_t bits_of(const sigset_t& set) noexcept {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &set, sizeof bits);
    return bits;
}

bool one_is_there(const thread& asking) noexcept {
    return ((asking.signals | the.signals) & asking.next.argument) != 0;
}

bool never_ready(const thread& /*asking*/) noexcept { return false; }

// Takes one of them; its number is 0 if the time is over.
siginfo_t wait_for_signal(std::uint64_t wanted, std::uint64_t deadline,
                          const void* place) noexcept {
    const auto end = wait_until({action::wait, object_kind::process, nullptr, place}, &one_is_there,
                                {.argument = wanted, .deadline = deadline});
    if (end == wait_end::timed_out) return {};
    thread& me = *self();
    std::uint64_t& from = (me.signals & wanted) != 0 ? me.signals : the.signals;
    const siginfo_t taken = take_signal(from, __builtin_ctzll(from & wanted) + 1);
    acquired(object_kind::process, &the.signals);
    return taken;
}

void send(std::uint64_t& to, int number, const sigval* with, const step& at) noexcept {
    point(at);
    released(object_kind::process, &the.signals);
    if (with != nullptr)
        put_signal(to, number, *with);
    else
        put_signal(to, number);
    // The sender's own is handled before it goes on.
    point({action::handle_signal, object_kind::none, nullptr, at.place});
}

// Gives an error number.
int send_to(thread* target, int number, const sigval* with, const void* place) noexcept {
    if (target == nullptr) return ESRCH;
    if (target->state == thread_state::ended) return 0;
    send(target->signals, number, with, {action::send_signal, object_kind::thread, target, place});
    return 0;
}

thread* thread_of(pid_t kernel_id) noexcept {
    for (std::uint32_t i = 0; i != the.count; ++i)
        if (the.threads[i].kernel_id == kernel_id && the.threads[i].state != thread_state::ended)
            return &the.threads[i];
    return nullptr;
}

int change_mask(int how, const sigset_t* set, sigset_t* before) noexcept {
    const int error = TWILL_REAL(pthread_sigmask)(how, set, before);
    if (thread* const me = self()) {
        me->blocked = blocked_signals();
        if (has_signals(*me))
            point({action::handle_signal, object_kind::none, nullptr, TWILL_CALLER});
    }
    return error;
}

// With `blocked` instead of what it blocks, if given; until a handler has run.
int suspend(const sigset_t* blocked, const void* place) noexcept {
    const with_mask instead(blocked);
    // As a sleep without an end: any handler ends it.
    wait_until({action::sleep, object_kind::none, nullptr, place}, &never_ready);
    errno = EINTR;
    return -1;
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::check

using namespace twill::check;

TWILL_INTERPOSED int pthread_kill(pthread_t handle, int number) noexcept {
    if (!controlled() || !is_ours(number)) return TWILL_REAL(pthread_kill)(handle, number);
    return send_to(find_thread(handle), number, nullptr, TWILL_CALLER);
}

TWILL_INTERPOSED int pthread_sigqueue(pthread_t handle, int number, const sigval with) noexcept {
    if (!controlled() || !is_ours(number))
        return TWILL_REAL(pthread_sigqueue)(handle, number, with);
    return send_to(find_thread(handle), number, &with, TWILL_CALLER);
}

TWILL_INTERPOSED int tgkill(pid_t process, pid_t id, int number) {
    if (!controlled() || !is_ours(number) || process != ::getpid())
        return static_cast<int>(with_errno(raw_syscall(SYS_tgkill, process, id, number)));
    const int error = send_to(thread_of(id), number, nullptr, TWILL_CALLER);
    return static_cast<int>(with_errno(-error));
}

TWILL_INTERPOSED int kill(pid_t process, int number) noexcept {
    if (!controlled() || !is_ours(number) || process != ::getpid())
        return TWILL_REAL(kill)(process, number);
    send(the.signals, number, nullptr,
         {action::send_signal, object_kind::process, nullptr, TWILL_CALLER});
    return 0;
}

TWILL_INTERPOSED int sigqueue(pid_t process, int number, const sigval with) noexcept {
    if (!controlled() || !is_ours(number) || process != ::getpid())
        return TWILL_REAL(sigqueue)(process, number, with);
    send(the.signals, number, &with,
         {action::send_signal, object_kind::process, nullptr, TWILL_CALLER});
    return 0;
}

TWILL_INTERPOSED int raise(int number) noexcept {
    thread* const me = self();
    if (me == nullptr || !is_ours(number)) return TWILL_REAL(raise)(number);
    send(me->signals, number, nullptr,
         {action::send_signal, object_kind::thread, me, TWILL_CALLER});
    return 0;
}

TWILL_INTERPOSED int pthread_sigmask(int how, const sigset_t* set, sigset_t* before) noexcept {
    return change_mask(how, set, before);
}

TWILL_INTERPOSED int sigprocmask(int how, const sigset_t* set, sigset_t* before) noexcept {
    const int error = change_mask(how, set, before);
    if (error == 0) return 0;
    errno = error;
    return -1;
}

TWILL_INTERPOSED int sigwait(const sigset_t* set, int* number) {
    if (!controlled()) return TWILL_REAL(sigwait)(set, number);
    const cancellation_point here;
    const siginfo_t taken = wait_for_signal(bits_of(*set), never, TWILL_CALLER);
    here.leave();
    *number = taken.si_signo;
    return 0;
}

TWILL_INTERPOSED int sigtimedwait(const sigset_t* set, siginfo_t* info, const timespec* timeout) {
    if (!controlled()) return TWILL_REAL(sigtimedwait)(set, info, timeout);
    const cancellation_point here;
    const siginfo_t taken = wait_for_signal(
        bits_of(*set), timeout == nullptr ? never : now_ns() + as_ns(*timeout), TWILL_CALLER);
    here.leave();
    if (taken.si_signo == 0) {
        errno = EAGAIN;
        return -1;
    }
    if (info != nullptr) *info = taken;
    return taken.si_signo;
}

TWILL_INTERPOSED int sigwaitinfo(const sigset_t* set, siginfo_t* info) {
    if (!controlled()) return TWILL_REAL(sigwaitinfo)(set, info);
    return ::sigtimedwait(set, info, nullptr);
}

TWILL_INTERPOSED int sigsuspend(const sigset_t* blocked) {
    if (!controlled()) return TWILL_REAL(sigsuspend)(blocked);
    const cancellation_point here;
    const int result = suspend(blocked, TWILL_CALLER);
    here.leave();
    return result;
}

TWILL_INTERPOSED int pause() {
    if (!controlled()) return TWILL_REAL(pause)();
    const cancellation_point here;
    // What comes before it has begun does not end it.
    point({action::handle_signal, object_kind::none, nullptr, TWILL_CALLER});
    const int result = suspend(nullptr, TWILL_CALLER);
    here.leave();
    return result;
}

TWILL_INTERPOSED int signalfd(int descriptor, const sigset_t* set, int flags) noexcept {
    goes_to_the_kernel = true;
    return TWILL_REAL(signalfd)(descriptor, set, flags);
}
