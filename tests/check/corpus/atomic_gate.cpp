// Two threads wait at a gate of std::atomic::wait, and opening it wakes one.
//
// bug: notify_one where notify_all is needed
// from: ISO C++ [atomics.wait]; Giroux, P1135, "The C++20 synchronization library"
// expect: deadlock hang
// mode: memory

#include <atomic>
#include <cassert>
#include <thread>
#include <vector>

static std::atomic<int> gate = 0;

static void open_gate() {
    gate = 1;
#ifdef FIXED
    gate.notify_all();
#else
    gate.notify_one();
#endif
}

int main() {
    std::atomic<int> passed = 0;
    std::vector<std::thread> runners;
    for (int i = 0; i < 2; ++i) {
        runners.emplace_back([&] {
            gate.wait(0);
            ++passed;
        });
    }
    open_gate();
    for (auto& runner : runners) runner.join();
    assert(passed == 2);
}
