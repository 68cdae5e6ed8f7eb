// Producers and consumers of a bounded queue wait on one condition, and each wakes one of the two.
//
// bug: signal taken by a thread that cannot use it
// from: Hoare, "Monitors: an operating system structuring concept" (1974), on one condition a
//     reason; Cargill, "Specific notification for Java thread synchronization" (PLoP 1996)
// expect: deadlock misuse
// mode: sync

#include <cassert>
#include <condition_variable>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

class bounded_queue {
public:
    explicit bounded_queue(std::size_t capacity) : capacity_(capacity) {}

    void put(int item) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return items_.size() < capacity_; });
        items_.push(item);
        wake();
    }

    int take() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return !items_.empty(); });
        int item = items_.front();
        items_.pop();
        wake();
        return item;
    }

private:
    void wake() {
#ifdef FIXED
        changed_.notify_all();
#else
        changed_.notify_one();
#endif
    }

    const std::size_t capacity_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::queue<int> items_;
};

int main() {
    bounded_queue queue(1);
    std::vector<std::thread> threads;
    for (int p = 0; p < 2; ++p) {
        threads.emplace_back([&] {
            for (int i = 0; i < 2; ++i) queue.put(i);
        });
    }
    for (int c = 0; c < 2; ++c) {
        threads.emplace_back([&] {
            for (int i = 0; i < 2; ++i) queue.take();
        });
    }
    for (auto& thread : threads) thread.join();
}
