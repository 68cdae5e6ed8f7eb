#include "fork_guard.hpp"

#include <twill/core/atomic.hpp>

#include <pthread.h>
#include <unistd.h>
#include <cstring>

namespace twill::inline TWILL_ABI::detail {
namespace {

constinit atomic<unsigned> generation{0};

constexpr char message[] =
    "twill: this process was forked after its runtime was made; the runtime's threads and "
    "descriptors "
    "stayed with the parent. Start programs with twill::process, or fork before twill::run.\n";
constexpr int exit_status = 70;  // EX_SOFTWARE

// Relaxed, here and below: a child has a single thread, the one that counts.
void mark_child() { generation.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

void watch_for_fork() noexcept {
    static const int registered = ::pthread_atfork(nullptr, nullptr, &mark_child);
    static_cast<void>(registered);
}

unsigned fork_generation() noexcept { return generation.load(std::memory_order_relaxed); }

void end_if_forked(unsigned born_in) noexcept {
    if (fork_generation() == born_in) [[likely]]
        return;
    static_cast<void>(::write(STDERR_FILENO, message, sizeof message - 1));
    ::_exit(exit_status);
}

}  // namespace twill::inline TWILL_ABI::detail
