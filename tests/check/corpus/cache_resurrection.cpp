// A cache hands out an object whose last owner is just deciding to free it.
//
// bug: use after free, count raised from zero
// from: the reason for kref_get_unless_zero in Linux, and for weak_ptr::lock in C++
// expect: crash race
// mode: memory

#include <atomic>
#include <cassert>
#include <thread>

struct image {
    std::atomic<int> users = 1;
    int width = 640;
};

class image_cache {
public:
    image_cache() : slot_(new image) {}

    // The image with a count of one more; null when it is gone.
    image* find() {
        while (busy_.exchange(true)) std::this_thread::yield();
        image* found = slot_;
        if (found != nullptr) {
#ifdef FIXED
            int users = found->users;
            while (users != 0 && !found->users.compare_exchange_weak(users, users + 1)) {
            }
            if (users == 0) found = nullptr;
#else
            found->users.fetch_add(1);
#endif
        }
        busy_ = false;
        return found;
    }

    void drop(image* i) {
        if (i->users.fetch_sub(1) != 1) return;
        while (busy_.exchange(true)) std::this_thread::yield();
        if (slot_ == i) slot_ = nullptr;
        busy_ = false;
        delete i;
    }

    image* first() { return slot_; }

private:
    std::atomic<bool> busy_ = false;
    image* slot_;
};

int main() {
    image_cache cache;
    image* mine = cache.first();
    std::thread viewer([&] {
        if (image* found = cache.find()) {
            assert(found->width == 640);
            cache.drop(found);
        }
    });
    cache.drop(mine);
    viewer.join();
}
