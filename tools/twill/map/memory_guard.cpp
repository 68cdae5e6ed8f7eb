#include "twill/map/memory_guard.hpp"

#include <twill/core/error.hpp>
#include <twill/core/sleep.hpp>

#include <chrono>
#include <csignal>

namespace twill_command {

using namespace std::chrono_literals;

namespace {

// False: it has become another user's (sudo), or has ended.
bool kill_group(twill::process& child) {
    try {
        return child.signal_group(SIGKILL);
    } catch (const twill::io_error&) {
        return false;
    }
}

}  // namespace

twill::task<> memory_guard::run() {
    for (;;) {
        co_await twill::sleep(100ms);
        if (running_.size() > 1 && gate_.is_desperate()) evict_youngest();
    }
}

void memory_guard::evict_youngest() {
    for (auto at = running_.rbegin(); at != running_.rend(); ++at) {
        attempt& youngest = **at;
        // The kernel may take a while to give back what it had.
        if (youngest.evicted) return;
        if (!kill_group(youngest.child)) continue;
        youngest.evicted = true;
        recovering_ = true;
        ++evicted_;
        return;
    }
}

}  // namespace twill_command
