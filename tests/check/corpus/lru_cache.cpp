// A cache that moves what was used to the front, and lets many "readers" do so at once.
//
// bug: data race, a write under a shared lock
// from: CWE-413, improper resource locking
// expect: race assertion crash hang
// mode: memory

#include <cassert>
#include <list>
#include <mutex>
#include <shared_mutex>
#include <thread>

class lru_cache {
public:
    void put(int key, int value) {
        std::unique_lock lock(mutex_);
        entries_.push_front({key, value});
        if (entries_.size() > 3) entries_.pop_back();
    }

    int get(int key) {
#ifdef FIXED
        std::unique_lock lock(mutex_);
#else
        std::shared_lock lock(mutex_);
#endif
        for (auto e = entries_.begin(); e != entries_.end(); ++e) {
            if (e->key != key) continue;
            entries_.splice(entries_.begin(), entries_, e);
            return e->value;
        }
        return 0;
    }

private:
    struct entry {
        int key, value;
    };

    std::shared_mutex mutex_;
    std::list<entry> entries_;
};

int main() {
    lru_cache cache;
    for (int key = 1; key <= 3; ++key) cache.put(key, key * 10);
    std::thread reader([&] {
        assert(cache.get(1) == 10);
        assert(cache.get(2) == 20);
    });
    assert(cache.get(3) == 30);
    assert(cache.get(1) == 10);
    reader.join();
}
