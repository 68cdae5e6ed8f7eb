// Threads work in rounds; who sees that the work is cancelled goes home, and another waits for it.
//
// bug: deadlock, a barrier counts a thread that has left
// from: the reason for std::barrier::arrive_and_drop and for java.util.concurrent's
//     BrokenBarrierException
// expect: deadlock
// mode: sync

#include <barrier>
#include <cassert>
#include <mutex>
#include <thread>
#include <vector>

static std::mutex mutex;
static bool cancelled = false;
static int steps = 0;

static bool step() {
    std::lock_guard lock(mutex);
    if (cancelled) return false;
    ++steps;
    return true;
}

static void cancel() {
    std::lock_guard lock(mutex);
    cancelled = true;
}

int main() {
    std::barrier round(2);
    std::vector<std::thread> workers;
    for (int i = 0; i < 2; ++i) {
        workers.emplace_back([&] {
            for (int r = 0; r < 3; ++r) {
                if (!step()) {
#ifdef FIXED
                    round.arrive_and_drop();
#endif
                    return;
                }
                round.arrive_and_wait();
            }
        });
    }
    cancel();
    for (auto& worker : workers) worker.join();
    assert(steps <= 6);
}
