// A message points into a buffer that is local to its sender's thread, which has ended.
//
// bug: use after free of thread-local storage
// from: CERT CON34-C, declare objects shared between threads with appropriate storage durations
// expect: assertion crash race
// mode: sync

#include <cassert>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

static std::string format_id(int id) {
    return "a request with a rather long name, number " + std::to_string(id);
}

class mailbox {
public:
#ifdef FIXED
    using message = std::string;
#else
    using message = std::string_view;
#endif

    void put(message m) {
        std::lock_guard lock(mutex_);
        message_ = m;
        full_ = true;
        changed_.notify_one();
    }

    message take() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return full_; });
        return message_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    message message_;
    bool full_ = false;
};

int main() {
    mailbox box;
    std::thread sender([&] {
        thread_local std::string buffer;  // spares an allocation each time
        buffer = format_id(7);
        box.put(buffer);
    });
    auto message = box.take();
    std::size_t digits = 0;
    for (char c : message) digits += c >= '0' && c <= '9';
    assert(digits == 1);
    sender.join();
}
