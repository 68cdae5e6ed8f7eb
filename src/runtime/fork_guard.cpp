#include "fork_guard.hpp"

#include <pthread.h>
#include <unistd.h>

#include <string_view>

namespace twill::inline TWILL_ABI::detail {
namespace {

constexpr int exit_status = 70;  // EX_SOFTWARE

constexpr std::string_view message_of(forked_after what) noexcept {
    if (what == forked_after::runtime)
        return "twill: this process was forked after its runtime was made; the runtime's threads "
               "and descriptors stayed with the parent. Start programs with twill::process, or "
               "fork before twill::run.\n";
    return "twill: this process was forked after its compute pool was made; the pool's threads "
           "stayed with the parent. Start programs with twill::process, fork before the first "
           "parallel call, or make a twill::compute_pool in the child.\n";
}

void mark_child() { forks_since_watch.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

constinit atomic<unsigned> forks_since_watch{0};

// Not a static of the function: a child that is forked while another thread initialises one finds
// it "being initialised" for ever. Two threads may both get here; a child counted twice is no less
// a child.
void watch_for_fork() noexcept {
    static constinit atomic<bool> watching{false};
    // Whoever sees it set needs nothing else of the thread that set it.
    if (watching.load(std::memory_order_relaxed)) return;
    if (::pthread_atfork(nullptr, nullptr, &mark_child) == 0)
        watching.store(true, std::memory_order_relaxed);
}

void end_forked(forked_after what) noexcept {
    const std::string_view message = message_of(what);
    static_cast<void>(::write(STDERR_FILENO, message.data(), message.size()));
    ::_exit(exit_status);
}

}  // namespace twill::inline TWILL_ABI::detail
