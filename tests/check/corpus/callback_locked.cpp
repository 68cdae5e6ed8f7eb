// A subject calls its observers with its lock held; one of them unsubscribes from within the call.
//
// bug: self-deadlock, a foreign function is called under a lock
// from: Bloch, "Effective Java", item 79, no alien method calls in synchronized regions
// expect: deadlock misuse
// mode: sync

#include <cassert>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

class subject {
public:
    int subscribe(std::function<void(int)> observer) {
        std::lock_guard lock(mutex_);
        observers_[++last_] = std::move(observer);
        return last_;
    }

    void unsubscribe(int id) {
        std::lock_guard lock(mutex_);
        observers_.erase(id);
    }

    void set(int value) {
#ifdef FIXED
        std::map<int, std::function<void(int)>> observers;
        {
            std::lock_guard lock(mutex_);
            observers = observers_;
        }
        for (auto& [id, observer] : observers) observer(value);
#else
        std::lock_guard lock(mutex_);
        for (auto& [id, observer] : observers_) observer(value);
#endif
    }

private:
    std::mutex mutex_;
    std::map<int, std::function<void(int)>> observers_;
    int last_ = 0;
};

int main() {
    subject temperature;
    std::mutex mutex;
    int highest = 0;
    int id = 0;
    std::thread display([&] {
        std::lock_guard lock(mutex);
        id = temperature.subscribe([&](int value) {
            if (value <= 30) return;
            // Seen enough. The subscription is known once subscribe() has returned.
            int mine;
            {
                std::lock_guard inner(mutex);
                highest = value;
                mine = id;
            }
            temperature.unsubscribe(mine);
        });
    });
    temperature.set(31);
    display.join();
    assert(highest == 0 || highest == 31);
}
