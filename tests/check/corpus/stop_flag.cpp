// A worker is told to stop by a plain bool.
//
// bug: data race on a stop flag
// from: Boehm, "How to miscompile programs with benign data races" (HotPar 2011)
// expect: race
// mode: memory

#include <atomic>
#include <cassert>
#include <mutex>
#include <thread>

class sampler {
public:
    void run() {
        while (!stop_) {
            std::lock_guard lock(mutex_);
            if (++samples_ == 100'000) return;
        }
    }

    void stop() { stop_ = true; }

    int samples() {
        std::lock_guard lock(mutex_);
        return samples_;
    }

private:
    std::mutex mutex_;
    int samples_ = 0;
#ifdef FIXED
    std::atomic<bool> stop_ = false;
#else
    bool stop_ = false;
#endif
};

// Not local to main: clang 19 does not instrument stores to a field of a local object that escapes.
static sampler s;

int main() {
    std::thread worker([] { s.run(); });
    s.stop();
    worker.join();
    assert(s.samples() <= 100'000);
}
