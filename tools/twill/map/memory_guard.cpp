#include "twill/map/memory_guard.hpp"

#include <twill/core/sleep.hpp>

#include <chrono>
#include <csignal>

namespace twill_command {

using namespace std::chrono_literals;

twill::task<> memory_guard::run() {
    for (;;) {
        co_await twill::sleep(100ms);
        if (running_.size() > 1 && gate_.is_desperate()) evict_youngest();
    }
}

void memory_guard::evict_youngest() {
    attempt& youngest = *running_.back();
    // The kernel may take a while to give back what it had.
    if (youngest.evicted) return;
    youngest.evicted = true;
    recovering_ = true;
    ++evicted_;
    static_cast<void>(youngest.child.signal_group(SIGKILL));
}

}  // namespace twill_command
