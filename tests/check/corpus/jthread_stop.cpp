// A std::jthread sleeps on a plain condition variable; its stop is requested without the lock.
//
// bug: lost signal, a stop request does not wake
// from: Josuttis, "C++20 - The Complete Guide" (2022), std::jthread with condition_variable_any
// expect: deadlock misuse
// mode: sync

#include <cassert>
#include <condition_variable>
#include <mutex>
#include <thread>

class heartbeat {
public:
    ~heartbeat() {
#ifndef FIXED
        thread_.request_stop();
        changed_.notify_all();
#endif
    }

    void beat() {
        std::lock_guard lock(mutex_);
        ++pending_;
        changed_.notify_all();
    }

private:
    void run(const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        while (!stop.stop_requested()) {
            if (pending_ > 0) {
                --pending_;
                continue;
            }
#ifdef FIXED
            changed_.wait(lock, stop, [&] { return pending_ > 0; });
#else
            changed_.wait(lock);
#endif
        }
    }

    std::mutex mutex_;
#ifdef FIXED
    std::condition_variable_any changed_;
#else
    std::condition_variable changed_;
#endif
    int pending_ = 0;
    std::jthread thread_{[this](const std::stop_token& stop) { run(stop); }};
};

int main() {
    heartbeat h;
    h.beat();
}
