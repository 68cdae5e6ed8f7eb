// A thread sleeps "long enough" for another to have opened the database.
//
// bug: order violation, a sleep in place of synchronisation
// from: Farchi, Nir, Ur, "Concurrent bug patterns and how to test them" (IPDPS 2003), the sleep()
//     pattern
// expect: assertion
// mode: sync

#include <cassert>
#include <chrono>
#include <latch>
#include <memory>
#include <mutex>
#include <thread>

using namespace std::chrono_literals;

struct database {
    int rows = 3;
};

static std::mutex mutex;
static std::unique_ptr<database> db;
static std::latch opened(1);

static void open_database() {
    std::this_thread::sleep_for(1ms);
    std::lock_guard lock(mutex);
    db = std::make_unique<database>();
    opened.count_down();
}

static int count_rows() {
#ifdef FIXED
    opened.wait();
#else
    std::this_thread::sleep_for(20ms);
#endif
    std::lock_guard lock(mutex);
    assert(db && "not open yet");
    return db->rows;
}

int main() {
    std::thread opener(open_database);
    assert(count_rows() == 3);
    opener.join();
}
