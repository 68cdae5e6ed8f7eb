#include "twill/demo/naive_pool.hpp"

#include <pthread.h>
#include <utility>

namespace twill_command::demo {

naive_pool::naive_pool(unsigned threads) {
    for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

naive_pool::~naive_pool() {
    {
        std::lock_guard hold(lock_);
        stopping_ = true;
    }
    changed_.notify_all();
    for (auto& each : threads_) each.join();
}

void naive_pool::submit(std::function<void()> job) {
    {
        std::lock_guard hold(lock_);
        queue_.push_back(std::move(job));
    }
    changed_.notify_one();
}

void naive_pool::work() {
    ::pthread_setname_np(::pthread_self(), "pool thread");
    std::unique_lock hold(lock_);
    for (;;) {
        changed_.wait(hold, [this] { return stopping_ || !queue_.empty(); });
        if (queue_.empty()) return;
        const auto job = std::move(queue_.front());
        queue_.pop_front();
        hold.unlock();
        job();
        hold.lock();
    }
}

}  // namespace twill_command::demo
