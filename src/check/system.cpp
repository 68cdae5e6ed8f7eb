#include "check/system.hpp"

#include <linux/futex.h>
#include <unistd.h>

#include <cstring>

namespace twill::inline TWILL_ABI::check {

void gate::open() noexcept {
    // Pairs with the acquire in `pass`: what the opener did is seen by who passes.
    open_.store(1, std::memory_order_release);
    raw_syscall(SYS_futex, as_word(&open_), FUTEX_WAKE_PRIVATE, 1);
}

void gate::pass() noexcept {
    while (open_.load(std::memory_order_acquire) == 0)
        raw_syscall(SYS_futex, as_word(&open_), FUTEX_WAIT_PRIVATE, 0, 0);
    // Nobody opens again before the passer has the baton and gives it away.
    open_.store(0, std::memory_order_relaxed);
}

// The linker gives a section with such a name these two ends.
// NOLINTBEGIN(readability-identifier-naming)
extern "C" real_function __start_twill_real[] __attribute__((visibility("hidden")));
extern "C" real_function __stop_twill_real[] __attribute__((visibility("hidden")));
// NOLINTEND(readability-identifier-naming)

void look_up_real_functions() noexcept {
    for (real_function* each = __start_twill_real; each != __stop_twill_real; ++each) each->get();
}

void leave(int status) noexcept {
    for (;;) raw_syscall(SYS_exit_group, status);
}

void give_up(const char* what) noexcept {
    const auto say = [](const char* text) {
        raw_syscall(SYS_write, STDERR_FILENO, as_word(text), static_cast<long>(std::strlen(text)));
    };
    say("twill check: ");
    say(what);
    say("\n");
    leave(125);
}

}  // namespace twill::inline TWILL_ABI::check
