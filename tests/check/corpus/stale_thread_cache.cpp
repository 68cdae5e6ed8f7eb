// Each thread keeps a copy of the settings with their version: the version is read after the copy.
//
// bug: order violation, an old copy with a new version stays for ever
// from: Lu, Park, Seo, Zhou, "Learning from mistakes" (ASPLOS 2008), multi-variable order
//     violations
// expect: assertion
// mode: memory

#include <atomic>
#include <cassert>
#include <thread>

static std::atomic<int> version = 1;
static std::atomic<int> limit = 10;

static void change_limit(int next) {
    limit = next;
    ++version;
}

struct cached {
    int version = 0;
    int limit = 0;
};

// A thread sees a new limit at the first call after its change, or earlier.
static int current_limit() {
    thread_local cached copy;
    if (copy.version != version) {
#ifdef FIXED
        copy.version = version;
        copy.limit = limit;
#else
        copy.limit = limit;
        copy.version = version;
#endif
    }
    return copy.limit;
}

int main() {
    std::thread admin([] { change_limit(20); });
    int first = current_limit();
    assert(first == 10 || first == 20);
    admin.join();
    assert(current_limit() == 20);
}
