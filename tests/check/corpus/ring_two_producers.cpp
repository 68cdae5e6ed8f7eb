// A ring for one producer and one consumer is given a second producer.
//
// bug: atomicity violation, single-producer queue used by two
// from: Lamport, "Proving the correctness of multiprocess programs" (1977), its queue used wrongly
// expect: assertion
// mode: memory

#include <atomic>
#include <cassert>
#include <thread>

class ring {
public:
    bool try_push(int value) {
#ifdef FIXED
        while (pushing_.exchange(true)) std::this_thread::yield();
#endif
        unsigned tail = tail_;
        bool room = tail - head_ < size;
        if (room) {
            slots_[tail % size] = value;
            tail_ = tail + 1;
        }
#ifdef FIXED
        pushing_ = false;
#endif
        return room;
    }

    // 0: nothing there.
    int try_pop() {
        unsigned head = head_;
        if (head == tail_) return 0;
        int value = slots_[head % size];
        head_ = head + 1;
        return value;
    }

private:
    static constexpr unsigned size = 4;
    std::atomic<unsigned> head_ = 0;
    std::atomic<unsigned> tail_ = 0;
    std::atomic<bool> pushing_ = false;
    std::atomic<int> slots_[size] = {};
};

int main() {
    ring events;
    std::thread keyboard([&] { events.try_push(1); });
    std::thread mouse([&] { events.try_push(2); });
    keyboard.join();
    mouse.join();
    int sum = 0;
    while (int event = events.try_pop()) sum += event;
    assert(sum == 3);
}
