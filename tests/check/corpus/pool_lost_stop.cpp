// The pool's destructor sets `stopping` without the lock: a worker is about to sleep and misses
// it.
//
// bug: lost signal at shutdown
// from: the usual form of hand-made thread pools; std::condition_variable, "even if the shared
//     variable is atomic, it must be modified while owning the mutex" (cppreference)
// expect: deadlock misuse
// mode: sync

#include <atomic>
#include <cassert>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

class thread_pool {
public:
    explicit thread_pool(int threads) {
        for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
    }

    ~thread_pool() {
        {
#ifdef FIXED
            std::lock_guard lock(mutex_);
#endif
            stopping_ = true;
        }
        changed_.notify_all();
        for (auto& thread : threads_) thread.join();
    }

    void submit(std::function<void()> task) {
        {
            std::lock_guard lock(mutex_);
            tasks_.push_back(std::move(task));
        }
        changed_.notify_one();
    }

private:
    void run() {
        for (;;) {
            std::function<void()> task;
            {
                std::unique_lock lock(mutex_);
                while (!stopping_ && tasks_.empty()) changed_.wait(lock);
                if (tasks_.empty()) return;
                task = std::move(tasks_.front());
                tasks_.pop_front();
            }
            task();
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> tasks_;
    std::atomic<bool> stopping_ = false;
    std::vector<std::thread> threads_;
};

int main() {
    std::atomic<int> done = 0;
    {
        thread_pool pool(2);
        pool.submit([&] { ++done; });
    }
    assert(done == 1);
}
