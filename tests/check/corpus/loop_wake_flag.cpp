// An event loop saves wake-ups by a flag; it takes the flag down after it has emptied its queue.
//
// bug: lost wake-up, flag cleared after the work instead of before
// from: the wake-up flag of event loops such as libuv's uv_async_send, Netty's wakenUp
// expect: deadlock hang
// mode: memory

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cassert>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

class event_loop {
public:
    event_loop() { assert(pipe(pipe_) == 0); }

    ~event_loop() {
        close(pipe_[0]);
        close(pipe_[1]);
    }

    void post(int event) {
        {
            std::lock_guard lock(mutex_);
            events_.push_back(event);
        }
        if (!woken_.exchange(true)) {
            char byte = 0;
            assert(write(pipe_[1], &byte, 1) == 1);
        }
    }

    // Until the event -1 was handled; returns the sum of the others.
    int run() {
        int sum = 0;
        for (bool running = true; running;) {
            pollfd ready{pipe_[0], POLLIN, 0};
            assert(poll(&ready, 1, -1) == 1);
            char byte;
            assert(read(pipe_[0], &byte, 1) == 1);
#ifdef FIXED
            woken_ = false;
#endif
            for (int event : take_all()) {
                if (event == -1)
                    running = false;
                else
                    sum += event;
            }
#ifndef FIXED
            woken_ = false;
#endif
        }
        return sum;
    }

private:
    std::deque<int> take_all() {
        std::lock_guard lock(mutex_);
        return std::exchange(events_, {});
    }

    int pipe_[2];
    std::atomic<bool> woken_ = false;
    std::mutex mutex_;
    std::deque<int> events_;
};

int main() {
    event_loop loop;
    std::thread timer([&] {
        loop.post(1);
        loop.post(2);
        loop.post(-1);
    });
    assert(loop.run() == 3);
    timer.join();
}
