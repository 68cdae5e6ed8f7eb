// A queue wakes a consumer only when it was empty; the second of two items comes before the first
// left.
//
// bug: lost signal, notification saved that was needed
// from: Herlihy, Shavit, "The Art of Multiprocessor Programming" (2008), 8.2.2, the lost-wakeup
//     problem
// expect: deadlock misuse
// mode: sync

#include <cassert>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

class work_queue {
public:
    void put(int item) {
        std::lock_guard lock(mutex_);
        bool was_empty = items_.empty();
        items_.push_back(item);
#ifdef FIXED
        (void)was_empty;
        filled_.notify_one();
#else
        if (was_empty) filled_.notify_one();
#endif
    }

    int take() {
        std::unique_lock lock(mutex_);
        filled_.wait(lock, [&] { return !items_.empty(); });
        int item = items_.front();
        items_.pop_front();
        return item;
    }

private:
    std::mutex mutex_;
    std::condition_variable filled_;
    std::deque<int> items_;
};

int main() {
    work_queue queue;
    std::mutex mutex;
    int sum = 0;
    std::vector<std::thread> consumers;
    for (int i = 0; i < 2; ++i) {
        consumers.emplace_back([&] {
            int item = queue.take();
            std::lock_guard lock(mutex);
            sum += item;
        });
    }
    queue.put(1);
    queue.put(2);
    for (auto& consumer : consumers) consumer.join();
    assert(sum == 3);
}
