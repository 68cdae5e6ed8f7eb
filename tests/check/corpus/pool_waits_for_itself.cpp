// A task of the pool waits for another task of the same pool, and so do all of its threads.
//
// bug: deadlock, thread pool starved by tasks that wait for tasks
// from: Goetz et al., "Java Concurrency in Practice" (2006), 8.1.1, thread starvation deadlock
// expect: deadlock
// mode: sync

#include <cassert>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
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
            std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        changed_.notify_all();
        for (auto& thread : threads_) thread.join();
    }

    std::future<int> submit(std::function<int()> f) {
        auto task = std::make_shared<std::packaged_task<int()>>(std::move(f));
        auto result = task->get_future();
        {
            std::lock_guard lock(mutex_);
            tasks_.push_back([task] { (*task)(); });
        }
        changed_.notify_one();
        return result;
    }

private:
    void run() {
        std::unique_lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [&] { return stopping_ || !tasks_.empty(); });
            if (tasks_.empty()) return;
            auto task = std::move(tasks_.front());
            tasks_.pop_front();
            lock.unlock();
            task();
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> tasks_;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

static int thumbnail(int page) { return page * 10; }

int main() {
    thread_pool pool(2);
#ifdef FIXED
    thread_pool inner(1);
#else
    thread_pool& inner = pool;
#endif
    auto render = [&](int page) { return inner.submit([=] { return thumbnail(page); }).get() + 1; };
    auto first = pool.submit([&] { return render(1); });
    auto second = pool.submit([&] { return render(2); });
    assert(first.get() == 11 && second.get() == 21);
}
