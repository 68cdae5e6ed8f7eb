// main returns while a detached thread still uses an object of static storage duration.
//
// bug: use after destruction at exit
// from: Boehm, "Destructors, finalizers, and synchronization" (POPL 2003); ISO C++
//     [basic.start.term]
// expect: crash race
// mode: sync

#include <cassert>
#include <map>
#include <mutex>
#include <string>
#include <thread>

static std::map<std::string, int> counters = {{"requests", 0}, {"failures", 0}};
static std::mutex counters_mutex;

static void count_requests() {
    for (int i = 0; i < 3; ++i) {
        std::lock_guard lock(counters_mutex);
        ++counters.at("requests");
    }
}

int main() {
    std::thread worker(count_requests);
#ifdef FIXED
    worker.join();
#else
    worker.detach();
#endif
    std::lock_guard lock(counters_mutex);
    assert(counters.at("failures") == 0);
}
