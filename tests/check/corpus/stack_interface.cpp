// Every operation of this stack is locked, yet empty() and pop() belong together.
//
// bug: check-then-act across two critical sections
// from: Williams, "C++ Concurrency in Action" (2012), 3.2.3, races inherent in interfaces
// expect: assertion
// mode: sync

#include <cassert>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

class locked_stack {
public:
    void push(int value) {
        std::lock_guard lock(mutex_);
        values_.push_back(value);
    }

    bool empty() const {
        std::lock_guard lock(mutex_);
        return values_.empty();
    }

    int pop() {
        std::lock_guard lock(mutex_);
        assert(!values_.empty() && "pop of an empty stack");
        int value = values_.back();
        values_.pop_back();
        return value;
    }

    std::optional<int> try_pop() {
        std::lock_guard lock(mutex_);
        if (values_.empty()) return {};
        int value = values_.back();
        values_.pop_back();
        return value;
    }

private:
    mutable std::mutex mutex_;
    std::vector<int> values_;
};

static int drain(locked_stack& jobs) {
    int sum = 0;
#ifdef FIXED
    while (auto job = jobs.try_pop()) sum += *job;
#else
    while (!jobs.empty()) sum += jobs.pop();
#endif
    return sum;
}

int main() {
    locked_stack jobs;
    for (int i = 1; i <= 3; ++i) jobs.push(i);
    int sums[2] = {};
    std::thread first([&] { sums[0] = drain(jobs); });
    std::thread second([&] { sums[1] = drain(jobs); });
    first.join();
    second.join();
    assert(sums[0] + sums[1] == 6);
}
