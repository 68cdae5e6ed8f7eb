// The table is announced before its last entry is in it: one line too early.
//
// bug: order violation, publication before initialisation
// from: Lu, Park, Seo, Zhou, "Learning from mistakes" (ASPLOS 2008), order violations
// expect: assertion race
// mode: memory

#include <atomic>
#include <cassert>
#include <thread>

struct route {
    const char* path;
    int target;
};

static route routes[2];
static std::atomic<bool> routes_ready = false;

static void load_routes() {
    routes[0] = {"/", 1};
#ifdef FIXED
    routes[1] = {"/about", 2};
    routes_ready = true;
#else
    routes_ready = true;
    routes[1] = {"/about", 2};
#endif
}

int main() {
    std::thread loader(load_routes);
    int tries = 0;
    while (!routes_ready && ++tries < 100'000) std::this_thread::yield();
    if (routes_ready) assert(routes[1].path != nullptr && routes[1].target == 2);
    loader.join();
}
