// What many programs do: one pool with one queue, for the requests and for the computing. The demo
// shows it beside twill.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace twill_command::demo {

class naive_pool {
public:
    explicit naive_pool(unsigned threads);
    // Runs what is queued, then ends.
    ~naive_pool();
    naive_pool(const naive_pool&) = delete;
    naive_pool& operator=(const naive_pool&) = delete;

    // First come, first served. Any thread.
    void submit(std::function<void()> job);

private:
    void work();

    std::mutex lock_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> queue_;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace twill_command::demo
