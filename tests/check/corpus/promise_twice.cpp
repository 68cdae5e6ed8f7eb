// The answer and the timeout both see that nobody has decided yet, and both set the promise.
//
// bug: check-then-act on an atomic, uncaught std::future_error
// from: ISO C++ [futures.promise], promise_already_satisfied
// expect: crash
// mode: memory

#include <atomic>
#include <cassert>
#include <future>
#include <thread>

class pending_reply {
public:
    std::future<int> future() { return promise_.get_future(); }

    void decide(int value) {
#ifdef FIXED
        if (decided_.exchange(true)) return;
#else
        if (decided_) return;
        decided_ = true;
#endif
        promise_.set_value(value);
    }

private:
    std::atomic<bool> decided_ = false;
    std::promise<int> promise_;
};

int main() {
    pending_reply reply;
    auto future = reply.future();
    std::thread network([&] { reply.decide(200); });
    std::thread timeout([&] { reply.decide(-1); });
    int value = future.get();
    network.join();
    timeout.join();
    assert(value == 200 || value == -1);
}
