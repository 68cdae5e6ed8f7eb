// stop() waits for the worker while it holds the lock that the worker needs to see that it shall
// stop.
//
// bug: deadlock between a lock and a join
// from: Goetz et al., "Java Concurrency in Practice" (2006), 10.1, calls that wait with a lock
//     held
// expect: deadlock
// mode: sync

#include <cassert>
#include <mutex>
#include <thread>

class poller {
public:
    void start() { thread_ = std::thread(&poller::run, this); }

    void stop() {
        std::unique_lock lock(mutex_);
        stopping_ = true;
#ifdef FIXED
        lock.unlock();
#endif
        thread_.join();
    }

    int polls() const { return polls_; }

private:
    void run() {
        for (int i = 0; i < 3; ++i) {
            std::lock_guard lock(mutex_);
            if (stopping_) return;
            ++polls_;
        }
    }

    std::mutex mutex_;
    bool stopping_ = false;
    int polls_ = 0;
    std::thread thread_;
};

int main() {
    poller p;
    p.start();
    p.stop();
    assert(p.polls() <= 3);
}
