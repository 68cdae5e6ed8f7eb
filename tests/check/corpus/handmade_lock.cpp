// A lock made of an atomic bool that is tested, then set.
//
// bug: mutual exclusion missing, test and set in two steps
// from: Dijkstra, "Cooperating sequential processes" (1965), the second attempt
// expect: assertion race
// mode: memory

#include <atomic>
#include <cassert>
#include <mutex>
#include <thread>

class spin_lock {
public:
    void lock() {
#ifdef FIXED
        while (locked_.exchange(true)) std::this_thread::yield();
#else
        while (locked_) std::this_thread::yield();
        locked_ = true;
#endif
    }

    void unlock() { locked_ = false; }

private:
    std::atomic<bool> locked_ = false;
};

static spin_lock lock;
static int inside = 0;
static int entries = 0;

static void visit() {
    for (int i = 0; i < 2; ++i) {
        std::lock_guard guard(lock);
        assert(++inside == 1);
        ++entries;
        --inside;
    }
}

int main() {
    std::thread other(visit);
    visit();
    other.join();
    assert(entries == 4);
}
