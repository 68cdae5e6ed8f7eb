// Two threads see that the channel is open, and both close it.
//
// bug: check-then-act, uncaught exception
// from: Tu, Liu, Song, Zhang, "Understanding real-world concurrency bugs in Go" (ASPLOS 2019), a
//     channel closed twice (Docker)
// expect: crash
// mode: sync

#include <cassert>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

class channel {
public:
    bool closed() const {
        std::lock_guard lock(mutex_);
        return closed_;
    }

    void close() {
        std::lock_guard lock(mutex_);
        if (closed_) throw std::logic_error("the channel is closed already");
        closed_ = true;
    }

    // False if somebody else has closed it.
    bool try_close() {
        std::lock_guard lock(mutex_);
        return !std::exchange(closed_, true);
    }

private:
    mutable std::mutex mutex_;
    bool closed_ = false;
};

static void shut_down(channel& exits) {
#ifdef FIXED
    exits.try_close();
#else
    if (!exits.closed()) exits.close();
#endif
}

int main() {
    channel exits;
    std::thread watcher([&] { shut_down(exits); });
    shut_down(exits);
    watcher.join();
    assert(exits.closed());
}
