// Workers count themselves into the group they belong to, instead of being counted before they
// start.
//
// bug: order violation, the wait is over before the work has been counted
// from: Tu, Liu, Song, Zhang, "Understanding real-world concurrency bugs in Go" (ASPLOS 2019),
//     WaitGroup.Add inside of the goroutine
// expect: assertion
// mode: sync

#include <cassert>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

class wait_group {
public:
    void add() {
        std::lock_guard lock(mutex_);
        ++count_;
    }

    void done() {
        std::lock_guard lock(mutex_);
        if (--count_ == 0) changed_.notify_all();
    }

    void wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return count_ == 0; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int count_ = 0;
};

int main() {
    wait_group group;
    std::mutex mutex;
    int uploaded = 0;
    std::vector<std::thread> workers;
    for (int i = 0; i < 2; ++i) {
#ifdef FIXED
        group.add();
#endif
        workers.emplace_back([&] {
#ifndef FIXED
            group.add();
#endif
            {
                std::lock_guard lock(mutex);
                ++uploaded;
            }
            group.done();
        });
    }
    group.wait();
    int seen;
    {
        std::lock_guard lock(mutex);
        seen = uploaded;
    }
    for (auto& worker : workers) worker.join();
    assert(seen == 2);
}
