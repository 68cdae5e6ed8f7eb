// A cache looks up under the shared lock and fills in under the exclusive one, without looking
// again.
//
// bug: check-then-act between a reader's and a writer's lock
// from: Goetz et al., "Java Concurrency in Practice" (2006), 2.2 and 5.6; CWE-367
// expect: assertion
// mode: sync

#include <cassert>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>

struct page {
    std::string text;
};

class page_cache {
public:
    // Pages are never replaced: everybody may keep the pointer, and equal names mean equal
    // pointers.
    std::shared_ptr<const page> get(const std::string& name) {
        {
            std::shared_lock lock(mutex_);
            if (auto found = pages_.find(name); found != pages_.end()) return found->second;
        }
        std::unique_lock lock(mutex_);
#ifdef FIXED
        if (auto found = pages_.find(name); found != pages_.end()) return found->second;
#endif
        auto loaded = std::make_shared<page>(page{"contents of " + name});
        pages_[name] = loaded;
        return loaded;
    }

private:
    std::shared_mutex mutex_;
    std::map<std::string, std::shared_ptr<const page>> pages_;
};

int main() {
    page_cache cache;
    std::shared_ptr<const page> seen[2];
    std::thread first([&] { seen[0] = cache.get("index"); });
    std::thread second([&] { seen[1] = cache.get("index"); });
    first.join();
    second.join();
    assert(seen[0] == seen[1]);
}
