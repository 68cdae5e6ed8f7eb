// Double-checked locking through a plain pointer: who sees it set need not see what it points to.
//
// bug: data race, double-checked locking
// from: Meyers, Alexandrescu, "C++ and the perils of double-checked locking" (2004); CWE-609
// expect: race
// mode: memory

#include <atomic>
#include <cassert>
#include <mutex>
#include <thread>

struct settings {
    int port = 8080;
};

static std::mutex mutex;
#ifdef FIXED
static std::atomic<settings*> instance;
#else
static settings* instance;
#endif

static settings& the_settings() {
#ifdef FIXED
    settings* found = instance.load(std::memory_order_acquire);
    if (found == nullptr) {
        std::lock_guard lock(mutex);
        found = instance.load(std::memory_order_relaxed);
        if (found == nullptr) {
            found = new settings;
            instance.store(found, std::memory_order_release);
        }
    }
    return *found;
#else
    if (instance == nullptr) {
        std::lock_guard lock(mutex);
        if (instance == nullptr) instance = new settings;
    }
    return *instance;
#endif
}

int main() {
    std::thread first([] { assert(the_settings().port == 8080); });
    std::thread second([] { assert(the_settings().port == 8080); });
    first.join();
    second.join();
    delete &the_settings();
}
