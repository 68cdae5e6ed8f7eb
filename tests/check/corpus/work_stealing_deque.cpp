// The owner of a work-stealing deque takes the last task without competing for it with the
// thieves.
//
// bug: atomicity violation, the last element is taken twice
// from: Chase, Lev, "Dynamic circular work-stealing deque" (SPAA 2005), its compare-and-swap left
//     out
// expect: assertion
// mode: memory

#include <atomic>
#include <cassert>
#include <thread>

class task_deque {
public:
    void push(int task) {
        long bottom = bottom_.load();
        tasks_[bottom % size].store(task);
        bottom_.store(bottom + 1);
    }

    // For the owner. 0: nothing there.
    int pop() {
        long bottom = bottom_.load() - 1;
        bottom_.store(bottom);
        long top = top_.load();
        if (top > bottom) {
            bottom_.store(top);
            return 0;
        }
        int task = tasks_[bottom % size].load();
        if (top < bottom) return task;
#ifdef FIXED
        if (!top_.compare_exchange_strong(top, top + 1)) task = 0;
#else
        top_.store(top + 1);
#endif
        bottom_.store(bottom + 1);
        return task;
    }

    // For the others.
    int steal() {
        long top = top_.load();
        if (top >= bottom_.load()) return 0;
        int task = tasks_[top % size].load();
        return top_.compare_exchange_strong(top, top + 1) ? task : 0;
    }

private:
    static constexpr int size = 8;
    std::atomic<long> top_ = 0;
    std::atomic<long> bottom_ = 0;
    std::atomic<int> tasks_[size] = {};
};

int main() {
    task_deque deque;
    std::atomic<int> runs[4] = {};
    std::thread thief([&] {
        for (int i = 0; i < 2; ++i) ++runs[deque.steal()];
    });
    for (int task = 1; task <= 3; ++task) deque.push(task);
    while (int task = deque.pop()) ++runs[task];
    thief.join();
    for (int task = 1; task <= 3; ++task) assert(runs[task] == 1);
}
