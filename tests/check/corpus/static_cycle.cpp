// A local static is made under a lock that its own constructor wants, elsewhere without that lock.
//
// bug: deadlock between a lock and the initialisation of a local static
// from: ISO C++ [stmt.dcl], concurrent execution waits for the initialisation; CWE-833
// expect: deadlock
// mode: sync

#include <cassert>
#include <map>
#include <mutex>
#include <string>
#include <thread>

static std::recursive_mutex options_mutex;
static std::map<std::string, int> options = {{"level", 2}};

static int option(const std::string& name) {
    std::lock_guard lock(options_mutex);
    return options[name];
}

struct logger {
    int level = option("level");
};

static logger& the_logger() {
    static logger instance;  // whoever comes second waits here until it is made
    return instance;
}

static int set_option(const std::string& name, int value) {
#ifdef FIXED
    int level = the_logger().level;
    std::lock_guard lock(options_mutex);
    options[name] = value;
    return level;
#else
    std::lock_guard lock(options_mutex);
    options[name] = value;
    return the_logger().level;  // to log the change
#endif
}

int main() {
    std::thread other([] { assert(the_logger().level == 2); });
    assert(set_option("color", 1) == 2);
    other.join();
}
