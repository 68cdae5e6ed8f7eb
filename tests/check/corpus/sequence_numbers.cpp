// Unique numbers from an atomic counter that is read, then written: two customers get the same.
//
// bug: lost update of an atomic
// from: Goetz et al., "Java Concurrency in Practice" (2006), 1.3.1, UnsafeSequence
// expect: assertion
// mode: memory

#include <atomic>
#include <cassert>
#include <set>
#include <thread>

static std::atomic<int> next_number = 1;

static int draw_number() {
#ifdef FIXED
    return next_number.fetch_add(1);
#else
    int number = next_number;
    next_number = number + 1;
    return number;
#endif
}

int main() {
    int drawn[4] = {};
    std::thread other([&] {
        drawn[0] = draw_number();
        drawn[1] = draw_number();
    });
    drawn[2] = draw_number();
    drawn[3] = draw_number();
    other.join();
    assert(std::set<int>(drawn, drawn + 4).size() == 4);
}
