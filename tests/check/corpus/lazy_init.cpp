// The first who needs the registry makes it, and so does the second if it comes quickly enough.
//
// bug: data race, lazy initialisation without synchronisation
// from: Goetz et al., "Java Concurrency in Practice" (2006), 2.2.2, LazyInitRace
// expect: race assertion
// mode: memory

#include <cassert>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

struct registry {
    std::vector<std::string> names = {"root"};
};

static registry* instance;
static registry& the_registry() {
#ifdef FIXED
    static std::once_flag made;
    std::call_once(made, [] { instance = new registry; });
#else
    if (instance == nullptr) instance = new registry;
#endif
    return *instance;
}

int main() {
    registry* seen[2];
    std::thread first([&] { seen[0] = &the_registry(); });
    std::thread second([&] { seen[1] = &the_registry(); });
    first.join();
    second.join();
    assert(seen[0] == seen[1]);
    delete instance;
}
