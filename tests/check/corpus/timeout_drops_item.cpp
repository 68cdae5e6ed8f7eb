// A receiver that times out does not look once more, and a message that came meanwhile is lost.
//
// bug: result of a timed wait taken for the state of the predicate
// from: POSIX pthread_cond_timedwait, rationale on timeouts: the predicate must be tested again
// expect: assertion
// mode: sync

#include <cassert>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

using namespace std::chrono_literals;

class answer_slot {
public:
    // True: accepted, so somebody will read it.
    bool deliver(int answer) {
        std::lock_guard lock(mutex_);
        if (given_up_) return false;
        answer_ = answer;
        arrived_ = true;
        changed_.notify_one();
        return true;
    }

    // 0: none came in time.
    int wait() {
        std::unique_lock lock(mutex_);
        while (!arrived_) {
            if (changed_.wait_for(lock, 5ms) == std::cv_status::timeout) {
#ifdef FIXED
                if (arrived_) break;
#endif
                given_up_ = true;
                return 0;
            }
        }
        return answer_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool arrived_ = false;
    bool given_up_ = false;
    int answer_ = 0;
};

int main() {
    answer_slot slot;
    bool accepted = false;
    std::thread server([&] {
        std::this_thread::sleep_for(5ms);
        accepted = slot.deliver(7);
    });
    int answer = slot.wait();
    server.join();
    assert(accepted == (answer == 7));
}
