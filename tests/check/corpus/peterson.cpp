// Peterson's algorithm with its first two stores exchanged.
//
// bug: mutual exclusion missing, wrong order of two stores
// from: Peterson, "Myths about the mutual exclusion problem" (1981); Herlihy, Shavit, "The Art of
//     Multiprocessor Programming" (2008), exercises to chapter 2
// expect: assertion race
// mode: memory

#include <atomic>
#include <cassert>
#include <thread>

class two_thread_lock {
public:
    void lock(int me) {
#ifdef FIXED
        wants_[me] = true;
        last_ = me;
#else
        last_ = me;
        wants_[me] = true;
#endif
        while (wants_[1 - me] && last_ == me) std::this_thread::yield();
    }

    void unlock(int me) { wants_[me] = false; }

private:
    std::atomic<bool> wants_[2] = {};
    std::atomic<int> last_ = 0;
};

static two_thread_lock lock;
static int inside = 0;

static void visit(int me) {
    lock.lock(me);
    assert(++inside == 1);
    --inside;
    lock.unlock(me);
}

int main() {
    std::thread other(visit, 1);
    visit(0);
    other.join();
}
