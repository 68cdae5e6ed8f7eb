#include "check/signals.hpp"

#include "check/scheduler.hpp"
#include "check/world.hpp"

#include <algorithm>
#include <csignal>
#include <cstring>

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

// Values that were sent along with signals which nobody has taken yet. Beyond that many, signals
// come without.
struct queued {
    const std::uint64_t* to = nullptr;
    int number = 0;
    sigval value = {};
};
constexpr std::size_t most_queued = 256;
constinit queued values[most_queued];
constinit std::size_t values_count = 0;

queued* first_value(const std::uint64_t& to, int number) noexcept {
    for (std::size_t i = 0; i != values_count; ++i)
        if (values[i].to == &to && values[i].number == number) return &values[i];
    return nullptr;
}

// As SIGRTMIN is to the kernel: from there on signals queue up.
constexpr int first_of_real_time = 32;

// The next one that can be handled, of its own or of the process. `number` 0: there is none.
struct deliverable {
    std::uint64_t* from = nullptr;
    int number = 0;
};
deliverable next_signal(thread& me) noexcept {
    for (std::uint64_t* const from : {&me.signals, &the.signals})
        if (const std::uint64_t some = *from & ~me.blocked; some != 0)
            return {from, __builtin_ctzll(some) + 1};
    return {};
}

void block(thread& me, std::uint64_t signals) noexcept {
    raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, as_word(&signals), 0, sizeof signals);
    me.blocked = signals;
    changed();
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
    for (;;) {
        const auto [from, number] = next_signal(me);
        if (number == 0) break;
        siginfo_t info = take_signal(*from, number);
        interrupted = interrupts(number, waiting) || interrupted;
        const operation next = me.next;
        const bool cancellable = me.cancellable;
        const std::uint32_t depth = me.in_runtime;
        me.next = {.kind = action::handle_signal};
        me.cancellable = false;
        me.in_runtime = 0;
        // It is not blocked: its handler has run when this returns.
        const long process = raw_syscall(SYS_getpid);
        if (info.si_code == SI_QUEUE)
            raw_syscall(SYS_rt_tgsigqueueinfo, process, me.kernel_id, number, as_word(&info));
        else
            raw_syscall(SYS_tgkill, process, me.kernel_id, number);
        me.in_runtime = depth;
        me.cancellable = cancellable;
        me.next = next;
        // While the handler ran it could not be notified, so it looks again for itself.
        if (me.waiting) me.notified = true;
    }
    return interrupted;
}

void put_signal(std::uint64_t& to, int number) noexcept {
    to |= bit_of_signal(number);
    changed();
}

void put_signal(std::uint64_t& to, int number, sigval with) noexcept {
    const bool queues = number >= first_of_real_time || (to & bit_of_signal(number)) == 0;
    if (queues && values_count != most_queued) values[values_count++] = {&to, number, with};
    put_signal(to, number);
}

siginfo_t take_signal(std::uint64_t& from, int number) noexcept {
    siginfo_t made{};
    made.si_signo = number;
    made.si_code = &from == &the.signals ? SI_USER : SI_TKILL;
    made.si_pid = static_cast<pid_t>(raw_syscall(SYS_getpid));
    made.si_uid = static_cast<uid_t>(raw_syscall(SYS_getuid));
    if (queued* const value = first_value(from, number)) {
        made.si_code = SI_QUEUE;
        made.si_value = value->value;
        std::copy(value + 1, values + values_count, value);
        --values_count;
    }
    if (first_value(from, number) == nullptr) from &= ~bit_of_signal(number);
    changed();  // others might have taken it
    return made;
}

with_mask::with_mask(const sigset_t* blocked) noexcept {
    if (blocked == nullptr) return;
    me_ = self();
    before_ = me_->blocked;
    std::uint64_t bits = 0;
    std::memcpy(&bits, blocked, sizeof bits);
    block(*me_, bits);
}

with_mask::~with_mask() {
    if (me_ != nullptr) block(*me_, before_);
}

}  // namespace twill::inline TWILL_ABI::check
