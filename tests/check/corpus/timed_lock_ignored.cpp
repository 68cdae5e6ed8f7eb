// Who does not get the lock in time goes on without it.
//
// bug: result of a timed lock is ignored
// from: CWE-252, unchecked return value, and CWE-414, missing lock check
// expect: assertion misuse race
// mode: sync

#include <cassert>
#include <chrono>
#include <mutex>
#include <thread>

using namespace std::chrono_literals;

class printer {
public:
    bool print(int pages) {
#ifdef FIXED
        std::unique_lock lock(mutex_, 10ms);
        if (!lock.owns_lock()) return false;
#else
        std::unique_lock lock(mutex_, 10ms);
#endif
        assert(++users_ == 1 && "two at the printer");
        for (int page = 0; page < pages; ++page) std::this_thread::sleep_for(4ms);
        --users_;
        return true;
    }

private:
    std::timed_mutex mutex_;
    int users_ = 0;
};

int main() {
    printer p;
    bool printed[2];
    std::thread ann([&] { printed[0] = p.print(2); });
    std::thread bob([&] { printed[1] = p.print(3); });
    ann.join();
    bob.join();
    assert(printed[0] || printed[1]);
}
