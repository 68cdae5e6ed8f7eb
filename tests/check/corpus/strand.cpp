// An actor's runner sees the mailbox empty, then takes its "scheduled" flag down: a letter in
// between.
//
// bug: lost wake-up between an empty queue and the flag that says so
// from: the mailbox of Akka's actors (Mailbox.run and registerForExecution), Asio's strands
// expect: deadlock hang
// mode: memory

#include <atomic>
#include <cassert>
#include <deque>
#include <mutex>
#include <semaphore>
#include <thread>

class actor {
public:
    // True: the caller has to have run() called.
    bool post(int message) {
        {
            std::lock_guard lock(mutex_);
            mailbox_.push_back(message);
        }
        return !scheduled_.exchange(true);
    }

    void run() {
        for (;;) {
            while (take()) handled_.release();
            scheduled_ = false;
#ifdef FIXED
            if (empty() || scheduled_.exchange(true)) return;
#else
            return;
#endif
        }
    }

    void wait_handled() { handled_.acquire(); }

private:
    bool take() {
        std::lock_guard lock(mutex_);
        if (mailbox_.empty()) return false;
        mailbox_.pop_front();
        return true;
    }

    bool empty() {
        std::lock_guard lock(mutex_);
        return mailbox_.empty();
    }

    std::mutex mutex_;
    std::deque<int> mailbox_;
    std::atomic<bool> scheduled_ = false;
    std::counting_semaphore<8> handled_{0};
};

int main() {
    actor a;
    std::counting_semaphore<8> runs(0);  // the executor's queue
    std::atomic<bool> ending = false;
    std::thread executor([&] {
        for (;;) {
            runs.acquire();
            if (ending) return;
            a.run();
        }
    });
    for (int message = 0; message < 2; ++message) {
        if (a.post(message)) runs.release();
    }
    for (int message = 0; message < 2; ++message) a.wait_handled();
    ending = true;
    runs.release();
    executor.join();
}
