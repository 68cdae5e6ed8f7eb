// A hand-made lock lets a reader become the writer once the other readers have left: two want to.
//
// bug: deadlock, two readers upgrade
// from: the upgrade rule in the documentation of Boost.Thread's upgrade_lock, and in .NET's
//     ReaderWriterLockSlim
// expect: deadlock
// mode: sync

#include <cassert>
#include <condition_variable>
#include <mutex>
#include <thread>

class upgradable_lock {
public:
    void lock_shared() {
        std::unique_lock lock(mutex_);
#ifdef FIXED
        changed_.wait(lock, [&] { return !writing_ && !upgrading_; });
#else
        changed_.wait(lock, [&] { return !writing_; });
#endif
        ++readers_;
    }

    void unlock_shared() {
        std::lock_guard lock(mutex_);
        --readers_;
        changed_.notify_all();
    }

    // From reader to writer. False: somebody else is ahead, and the caller has to let go.
    bool upgrade() {
        std::unique_lock lock(mutex_);
#ifdef FIXED
        if (upgrading_) return false;
#endif
        upgrading_ = true;
        changed_.wait(lock, [&] { return readers_ == 1; });
        upgrading_ = false;
        readers_ = 0;
        writing_ = true;
        return true;
    }

    void unlock() {
        std::lock_guard lock(mutex_);
        writing_ = false;
        changed_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int readers_ = 0;
    bool upgrading_ = false;
    bool writing_ = false;
};

static upgradable_lock lock;
static int loads = 0;

static void load_once() {
    for (;;) {
        lock.lock_shared();
        if (loads > 0) return lock.unlock_shared();
        if (lock.upgrade()) break;
        lock.unlock_shared();
    }
    ++loads;
    lock.unlock();
}

int main() {
    std::thread other(load_once);
    load_once();
    other.join();
    assert(loads >= 1);
}
