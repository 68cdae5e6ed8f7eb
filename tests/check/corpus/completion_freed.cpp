// Who waits for a completion frees it, while who signalled is not out of the signalling yet.
//
// bug: use after free of a condition variable
// from: the stack-allocated completion of Linux (wait_for_completion); POSIX pthread_cond_destroy
// expect: crash misuse race
// mode: sync

#include <cassert>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

class completion {
public:
    void complete() {
#ifdef FIXED
        std::lock_guard lock(mutex_);
        done_ = true;
        changed_.notify_one();  // the waiter cannot leave before the lock is free
#else
        {
            std::lock_guard lock(mutex_);
            done_ = true;
        }
        changed_.notify_one();
#endif
    }

    void wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return done_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool done_ = false;
};

int main() {
    int result = 0;
    auto done = std::make_unique<completion>();
    std::thread disk([&result, d = done.get()] {
        result = 512;
        d->complete();
    });
    done->wait();
    done.reset();
    assert(result == 512);
    disk.join();
}
