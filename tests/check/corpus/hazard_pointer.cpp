// A reader announces what it will read, but does not look whether that is still what is current.
//
// bug: use after free, hazard pointer not validated
// from: Michael, "Hazard pointers: safe memory reclamation for lock-free objects" (2004)
// expect: crash race
// mode: memory

#include <atomic>
#include <cassert>
#include <thread>

struct route_table {
    int version;
    int hops;
};

static std::atomic<route_table*> current;
static std::atomic<route_table*> hazard;  // of the one reader

static int read_hops() {
    route_table* table = current;
#ifdef FIXED
    for (;;) {
        hazard = table;
        route_table* again = current;
        if (again == table) break;
        table = again;
    }
#else
    hazard = table;
#endif
    int hops = table->hops;
    hazard = nullptr;
    return hops;
}

static void replace(route_table* next) {
    route_table* old = current.exchange(next);
    while (hazard == old) std::this_thread::yield();
    delete old;
}

int main() {
    current = new route_table{1, 5};
    std::thread updater([] { replace(new route_table{2, 6}); });
    int hops = read_hops();
    assert(hops == 5 || hops == 6);
    updater.join();
    delete current;
}
