// The writer of a sequence lock counts once, after it has written, not before and after.
//
// bug: atomicity violation, torn read
// from: Hemminger's seqlock of Linux 2.5.60; Boehm, "Can seqlocks get along with programming
//     language memory models?" (MSPC 2012)
// expect: assertion
// mode: memory

#include <atomic>
#include <cassert>
#include <optional>
#include <thread>

// One writer; the fields are atomic because readers may see them change.
class position {
public:
    void move_to(int x, int y) {
#ifdef FIXED
        sequence_.fetch_add(1);
#endif
        x_ = x;
        y_ = y;
#ifdef FIXED
        sequence_.fetch_add(1);
#else
        sequence_.fetch_add(2);
#endif
    }

    struct point {
        int x, y;
    };

    std::optional<point> try_read() const {
        unsigned before = sequence_;
        if (before % 2 == 1) return {};
        point seen{x_, y_};
        if (sequence_ != before) return {};
        return seen;
    }

private:
    std::atomic<unsigned> sequence_ = 0;
    std::atomic<int> x_ = 0;
    std::atomic<int> y_ = 0;
};

int main() {
    position ship;
    std::thread pilot([&] {
        for (int i = 1; i <= 2; ++i) ship.move_to(i, -i);
    });
    for (int i = 0; i < 3; ++i) {
        if (auto seen = ship.try_read()) assert(seen->x == -seen->y);
    }
    pilot.join();
}
