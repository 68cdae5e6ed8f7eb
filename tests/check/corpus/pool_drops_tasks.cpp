// A worker that sees the stop leaves at once, and what was submitted before stays in the queue.
//
// bug: order violation at shutdown, accepted work is lost
// from: the difference of shutdown and shutdownNow in java.util.concurrent.ExecutorService
// expect: assertion
// mode: sync

#include <cassert>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

class mail_sender {
public:
    mail_sender() : thread_([this] { run(); }) {}

    // Returns when all mail is out.
    int close() {
        {
            std::lock_guard lock(mutex_);
            closing_ = true;
        }
        changed_.notify_one();
        thread_.join();
        return sent_;
    }

    void send(int mail) {
        {
            std::lock_guard lock(mutex_);
            outgoing_.push_back(mail);
        }
        changed_.notify_one();
    }

private:
    void run() {
        std::unique_lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [&] { return closing_ || !outgoing_.empty(); });
#ifdef FIXED
            if (outgoing_.empty()) return;
#else
            if (closing_) return;
#endif
            outgoing_.pop_front();
            lock.unlock();
            std::this_thread::yield();  // talks to the server
            lock.lock();
            ++sent_;
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<int> outgoing_;
    bool closing_ = false;
    int sent_ = 0;
    std::thread thread_;
};

int main() {
    mail_sender sender;
    sender.send(1);
    sender.send(2);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    assert(sender.close() == 2);
}
