// A worker whose job fails leaves without counting down the latch that main waits at.
//
// bug: deadlock, a failure path skips its notification
// from: Goetz et al., "Java Concurrency in Practice" (2006), 5.5.1, CountDownLatch; CWE-755
// expect: deadlock
// mode: sync

#include <cassert>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

class license_pool {
public:
    void take() {
        std::lock_guard lock(mutex_);
        if (free_ == 0) throw std::runtime_error("no licence is free");
        --free_;
    }

    void give_back() {
        std::lock_guard lock(mutex_);
        ++free_;
    }

private:
    std::mutex mutex_;
    int free_ = 1;
};

int main() {
    license_pool licenses;
    std::latch done(2);
    std::vector<std::thread> workers;
    for (int i = 0; i < 2; ++i) {
        workers.emplace_back([&] {
            try {
                licenses.take();
                std::this_thread::yield();
                licenses.give_back();
#ifndef FIXED
                done.count_down();
#endif
            } catch (const std::runtime_error&) {
                // The job is left to the next run.
            }
#ifdef FIXED
            done.count_down();
#endif
        });
    }
    done.wait();
    for (auto& worker : workers) worker.join();
    assert(done.try_wait());
}
