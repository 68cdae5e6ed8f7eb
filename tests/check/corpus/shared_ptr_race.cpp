// The current configuration is a shared_ptr; one thread replaces it while others copy it.
//
// bug: data race on a shared_ptr, whose count alone is atomic
// from: ISO C++ [util.smartptr.shared.atomic]; Williams, "C++ Concurrency in Action" (2012),
//     chapter 7
// expect: race crash
// mode: memory

#include <cassert>
#include <memory>
#include <mutex>
#include <thread>

struct configuration {
    int version;
    int limit;
};

class configuration_holder {
public:
    std::shared_ptr<const configuration> get() {
#ifdef FIXED
        std::lock_guard lock(mutex_);
#endif
        return current_;
    }

    void set(std::shared_ptr<const configuration> next) {
#ifdef FIXED
        std::lock_guard lock(mutex_);
#endif
        current_ = std::move(next);
    }

private:
    std::mutex mutex_;
    std::shared_ptr<const configuration> current_ =
        std::make_shared<configuration>(configuration{1, 10});
};

int main() {
    configuration_holder holder;
    std::thread reload([&] {
        for (int v = 2; v <= 3; ++v) {
            holder.set(std::make_shared<configuration>(configuration{v, v * 10}));
        }
    });
    for (int i = 0; i < 2; ++i) {
        auto seen = holder.get();
        assert(seen->limit == seen->version * 10);
    }
    reload.join();
}
