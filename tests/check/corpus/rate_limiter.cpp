// A token bucket refills itself when a token is asked for; two who ask at the same time both
// refill.
//
// bug: atomicity violation over two atomics
// from: Lu, Park, Seo, Zhou, "Learning from mistakes" (ASPLOS 2008), multi-variable atomicity
//     violations
// expect: assertion
// mode: memory

#include <atomic>
#include <cassert>
#include <mutex>
#include <thread>

// Time is counted in ticks here: `burst` permits for each tick.
class rate_limiter {
public:
    explicit rate_limiter(int burst) : burst_(burst) {}

    bool try_acquire(int tick) {
#ifdef FIXED
        std::lock_guard lock(mutex_);
#endif
        if (tick > filled_at_) {
            tokens_ = burst_;
            filled_at_ = tick;
        }
        if (tokens_.fetch_sub(1) > 0) return true;
        tokens_.fetch_add(1);
        return false;
    }

private:
    const int burst_;
    std::mutex mutex_;
    std::atomic<int> filled_at_ = 0;
    std::atomic<int> tokens_ = 0;
};

int main() {
    rate_limiter limiter(2);
    std::atomic<int> granted = 0;
    auto client = [&] {
        for (int i = 0; i < 2; ++i) {
            if (limiter.try_acquire(1)) ++granted;
        }
    };
    std::thread first(client);
    std::thread second(client);
    first.join();
    second.join();
    assert(granted <= 2);
}
