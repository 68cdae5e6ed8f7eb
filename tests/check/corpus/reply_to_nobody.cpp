// A request times out; its worker then waits for ever to hand its answer over.
//
// bug: blocked for ever on a channel that nobody reads any more
// from: Tu, Liu, Song, Zhang, "Understanding real-world concurrency bugs in Go" (ASPLOS 2019),
//     figure 1 (Kubernetes)
// expect: deadlock
// mode: sync

#include <cassert>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

using namespace std::chrono_literals;

// Holds up to `room` values that nobody has taken; with none, the sender waits until one is taken.
class channel {
public:
    explicit channel(int room) : room_(room) {}

    void send(int value) {
        std::unique_lock lock(mutex_);
        value_ = value;
        changed_.notify_all();
        if (room_ == 0) changed_.wait(lock, [&] { return !value_; });
    }

    std::optional<int> receive_for(std::chrono::milliseconds time) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, time, [&] { return value_.has_value(); });
        auto received = value_;
        value_.reset();
        changed_.notify_all();
        return received;
    }

private:
    const int room_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<int> value_;
};

int main() {
#ifdef FIXED
    channel answer(1);
#else
    channel answer(0);
#endif
    std::thread worker([&] {
        std::this_thread::sleep_for(1ms);
        answer.send(42);
    });
    auto received = answer.receive_for(50ms);
    assert(!received || *received == 42);
    worker.join();
}
