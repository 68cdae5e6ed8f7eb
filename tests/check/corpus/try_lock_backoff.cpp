// Two transfers take their own lock, try the other's, back off and begin again, in step.
//
// bug: livelock by try_lock and back-off
// from: Herlihy, Shavit, "The Art of Multiprocessor Programming" (2008), on livelock; Goetz et
//     al., "Java Concurrency in Practice" (2006), 10.3.3
// expect: assertion hang
// mode: sync

#include <cassert>
#include <mutex>
#include <thread>

static std::mutex stock, orders;
static int moved = 0;

// False: given up after some tries.
static bool move_item(std::mutex& mine, std::mutex& other) {
#ifdef FIXED
    std::scoped_lock lock(mine, other);
    ++moved;
    return true;
#else
    for (int tries = 0; tries < 3; ++tries) {
        std::lock_guard lock(mine);
        if (other.try_lock()) {
            std::lock_guard adopted(other, std::adopt_lock);
            ++moved;
            return true;
        }
    }
    return false;
#endif
}

int main() {
    bool ok[2];
    std::thread packer([&] { ok[0] = move_item(stock, orders); });
    std::thread clerk([&] { ok[1] = move_item(orders, stock); });
    packer.join();
    clerk.join();
    assert(ok[0] && ok[1] && moved == 2);
}
