// Two counters that belong together are raised and read in an order that lets one overtake.
//
// bug: order violation between two atomics
// from: Lu, Park, Seo, Zhou, "Learning from mistakes" (ASPLOS 2008), multi-variable bugs
// expect: assertion
// mode: memory

#include <atomic>
#include <cassert>
#include <thread>

static std::atomic<int> requests = 0;
static std::atomic<int> failures = 0;

static void serve(bool fails) {
    ++requests;
    if (fails) ++failures;
}

int main() {
    std::thread server([] {
        for (int i = 0; i < 3; ++i) serve(true);
    });
#ifdef FIXED
    int failed = failures;
    int all = requests;
#else
    int all = requests;
    int failed = failures;
#endif
    assert(failed <= all);
    server.join();
}
