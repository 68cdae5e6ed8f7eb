// A hand-made reader-writer lock lets readers in for as long as one is there: the writer waits on.
//
// bug: starvation of a writer by readers
// from: Courtois, Heymans, Parnas, "Concurrent control with readers and writers" (1971), first
//     problem
// expect: assertion hang
// mode: sync

#include <cassert>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

class readers_writer_lock {
public:
    // Returns how many readers went in since a writer began to wait.
    int lock_shared() {
        std::unique_lock lock(mutex_);
#ifdef FIXED
        changed_.wait(lock, [&] { return !writing_ && writers_waiting_ == 0; });
#else
        changed_.wait(lock, [&] { return !writing_; });
#endif
        ++readers_;
        overtakes_ = writers_waiting_ > 0 ? overtakes_ + 1 : 0;
        return overtakes_;
    }

    void unlock_shared() {
        std::lock_guard lock(mutex_);
        if (--readers_ == 0) changed_.notify_all();
    }

    void lock() {
        std::unique_lock lock(mutex_);
        ++writers_waiting_;
        changed_.wait(lock, [&] { return !writing_ && readers_ == 0; });
        --writers_waiting_;
        writing_ = true;
    }

    void unlock() {
        std::lock_guard lock(mutex_);
        writing_ = false;
        changed_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int readers_ = 0;
    int writers_waiting_ = 0;
    int overtakes_ = 0;
    bool writing_ = false;
};

int main() {
    readers_writer_lock lock;
    std::vector<std::thread> readers;
    for (int r = 0; r < 2; ++r) {
        readers.emplace_back([&] {
            for (int i = 0; i < 4; ++i) {
                int overtakes = lock.lock_shared();
                assert(overtakes < 3 && "readers keep the writer waiting");
                lock.unlock_shared();
            }
        });
    }
    lock.lock();
    lock.unlock();
    for (auto& reader : readers) reader.join();
}
