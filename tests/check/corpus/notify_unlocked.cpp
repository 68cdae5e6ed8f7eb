// The flag is set without the waiter's mutex: between the waiter's look and its sleep.
//
// bug: lost signal, predicate changed outside of its lock
// from: Birrell, "An introduction to programming with threads" (1989), section on signalling
// expect: deadlock misuse
// mode: sync

#include <atomic>
#include <cassert>
#include <condition_variable>
#include <mutex>
#include <thread>

class gate {
public:
    void open() {
#ifdef FIXED
        std::lock_guard lock(mutex_);
#endif
        is_open_ = true;
        opened_.notify_all();
    }

    void pass() {
        std::unique_lock lock(mutex_);
        while (!is_open_) opened_.wait(lock);
    }

private:
    std::mutex mutex_;
    std::condition_variable opened_;
    std::atomic<bool> is_open_ = false;
};

int main() {
    gate start;
    int passed = 0;
    std::thread runner([&] {
        start.pass();
        ++passed;
    });
    start.open();
    runner.join();
    assert(passed == 1);
}
