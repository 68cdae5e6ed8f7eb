// cancel() takes a timer out of the list, but not out of the hands of the thread that just fires
// it.
//
// bug: use after free, callback runs after its cancellation
// from: del_timer and del_timer_sync in Linux; CWE-416
// expect: crash race
// mode: sync

#include <cassert>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

using namespace std::chrono_literals;

class timer {
public:
    explicit timer(std::function<void()> callback)
        : callback_(std::move(callback)), thread_([this] { run(); }) {}

    ~timer() { thread_.join(); }

    // The callback does not run any more once this has returned.
    void cancel() {
        std::unique_lock lock(mutex_);
        cancelled_ = true;
        changed_.notify_all();
#ifdef FIXED
        changed_.wait(lock, [&] { return !firing_; });
#endif
    }

private:
    void run() {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, 10ms, [&] { return cancelled_; });
        if (cancelled_) return;
        firing_ = true;
        lock.unlock();
        callback_();
        lock.lock();
        firing_ = false;
        changed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    bool cancelled_ = false;
    bool firing_ = false;
    std::function<void()> callback_;
    std::thread thread_;
};

struct connection {
    std::mutex mutex;
    int pings = 0;
};

int main() {
    auto peer = std::make_unique<connection>();
    timer ping([c = peer.get()] {
        std::lock_guard lock(c->mutex);
        ++c->pings;
    });
    std::this_thread::sleep_for(10ms);
    ping.cancel();
    {
        std::lock_guard lock(peer->mutex);
        assert(peer->pings <= 1);
    }
    peer.reset();
}
