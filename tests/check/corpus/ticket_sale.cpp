// The number of seats is atomic; to look at it and to sell one are still two steps.
//
// bug: check-then-act on an atomic
// from: airline in Eytani, Havelund, Stoller, Ur, "Towards a framework and a benchmark for testing
//     tools for multi-threaded programs" (2007)
// expect: assertion
// mode: memory

#include <atomic>
#include <cassert>
#include <thread>
#include <vector>

class flight {
public:
    explicit flight(int seats) : free_(seats) {}

    bool book() {
#ifdef FIXED
        int seats = free_.load();
        do {
            if (seats == 0) return false;
        } while (!free_.compare_exchange_weak(seats, seats - 1));
        return true;
#else
        if (free_.load() == 0) return false;
        free_.fetch_sub(1);
        return true;
#endif
    }

    int free_seats() const { return free_.load(); }

private:
    std::atomic<int> free_;
};

int main() {
    flight to_oslo(2);
    std::atomic<int> booked = 0;
    std::vector<std::thread> agencies;
    for (int i = 0; i < 3; ++i) {
        agencies.emplace_back([&] {
            if (to_oslo.book()) ++booked;
        });
    }
    for (auto& agency : agencies) agency.join();
    assert(to_oslo.free_seats() >= 0);
    assert(booked == 2);
}
