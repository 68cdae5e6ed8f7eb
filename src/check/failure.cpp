#include "check/failure.hpp"

#include "check/scheduler.hpp"
#include "check/system.hpp"
#include "check/trial.hpp"

#include <sys/mman.h>

#include <csignal>
#include <cstdint>

namespace twill::inline TWILL_ABI::check {
namespace {

constexpr int fatal_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
// The one by which the server asks; hardly a program's.
int asking_signal() noexcept { return SIGRTMAX - 2; }

constexpr std::size_t stack_bytes = 64 << 10U;

// Reading the stack after a fatal signal ended in another one: the program has overwritten it. The
// finding is there, and so far as it could be read the stack as well.
[[noreturn]] void fail_with_what_is_known(int number) noexcept {
    auto& result = current_session()->result;
    if (result.findings_count == 0) leave(status_of_finding);
    finding& known = result.findings[result.findings_count - 1];
    if (known.kind == finding_kind::signal) known.value = number;
    fail_with(known);
}

void on_fatal(int number, siginfo_t* /*info*/, void* /*context*/) {
    if (!in_run()) {
        TWILL_REAL(signal)(number, SIG_DFL);
        raw_syscall(SYS_kill, raw_syscall(SYS_getpid), number);
        return;
    }
    const no_switching inside;
    if (is_on_trial()) end_trial_badly();
    // The thread that has the baton is the only one to come here.
    static constinit int first = 0;
    if (first != 0) fail_with_what_is_known(first);
    first = number;
    finding* made = note(finding_kind::signal, {});
    if (made == nullptr) leave(status_of_finding);
    made->value = number;
    fail_with(*made);
}

void on_asked(int number, siginfo_t* info, void* /*context*/) {
    if (!in_run()) return;
    // All but one wait for the baton, and can be asked for their stacks. That one may be where it
    // hears of nothing but a signal.
    const thread* const running = running_thread();
    if (running != nullptr && running != self_even_inside() && running->kernel_id != 0) {
        siginfo_t same = *info;
        raw_syscall(SYS_rt_tgsigqueueinfo, raw_syscall(SYS_getpid), running->kernel_id, number,
                    as_word(&same));
        return;
    }
    const no_switching inside;
    finding* made = note(
        info->si_value.sival_int == signal_spin ? finding_kind::spin : finding_kind::stuck, {});
    if (made == nullptr) leave(status_of_finding);
    fail_with(*made);
}

}  // namespace

void give_signal_stack(unsigned /*thread_index*/) noexcept {
    // Mapped for each: the program's allocator is not ours to call, and threads that are gone leave
    // it behind, as they do their index.
    const long memory = raw_syscall(SYS_mmap, 0, stack_bytes, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory < 0) return;
    stack_t stack{};
    stack.ss_sp = reinterpret_cast<void*>(memory);
    stack.ss_size = stack_bytes;
    raw_syscall(SYS_sigaltstack, as_word(&stack), 0);
}

void catch_failures() noexcept {
    give_signal_stack(0);
    struct sigaction how{};
    how.sa_sigaction = &on_fatal;
    how.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    for (const int each : fatal_signals) TWILL_REAL(sigaction)(each, &how, nullptr);
    how.sa_sigaction = &on_asked;
    TWILL_REAL(sigaction)(asking_signal(), &how, nullptr);
}

void ask_for_stack(pid_t run, int why) noexcept {
    siginfo_t info{};
    info.si_signo = asking_signal();
    info.si_code = SI_QUEUE;
    info.si_value.sival_int = why;
    raw_syscall(SYS_rt_sigqueueinfo, run, asking_signal(), as_word(&info));
}

}  // namespace twill::inline TWILL_ABI::check
