// notify() calls the observers without the lock, by plain pointers: one of them has just gone.
//
// bug: use after free, unsubscribed while being notified
// from: the reason for tracking in Boost.Signals2 (automatic connection management); CWE-416
// expect: crash race
// mode: sync

#include <cassert>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

class gauge {
public:
    void show(int value) {
        std::lock_guard lock(mutex_);
        shown_ = value;
    }

private:
    std::mutex mutex_;
    int shown_ = 0;
};

class sensor {
public:
    void subscribe(const std::shared_ptr<gauge>& g) {
        std::lock_guard lock(mutex_);
        gauges_.push_back(g);
    }

    void unsubscribe(const std::shared_ptr<gauge>& g) {
        std::lock_guard lock(mutex_);
        std::erase_if(gauges_, [&](auto& each) { return each.lock() == g; });
    }

    void notify(int value) {
#ifdef FIXED
        std::vector<std::shared_ptr<gauge>> to;
#else
        std::vector<gauge*> to;
#endif
        {
            std::lock_guard lock(mutex_);
            for (auto& each : gauges_) {
#ifdef FIXED
                if (auto g = each.lock()) to.push_back(g);
#else
                to.push_back(each.lock().get());
#endif
            }
        }
        for (auto& g : to) g->show(value);
    }

private:
    std::mutex mutex_;
    std::vector<std::weak_ptr<gauge>> gauges_;
};

int main() {
    sensor pressure;
    auto dial = std::make_shared<gauge>();
    pressure.subscribe(dial);
    std::thread boiler([&] { pressure.notify(3); });
    pressure.unsubscribe(dial);
    dial.reset();
    boiler.join();
}
