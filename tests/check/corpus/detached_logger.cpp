// A detached thread writes to a log that its function's caller owns and has put away.
//
// bug: use after free, a detached thread outlives what it refers to
// from: C++ Core Guidelines CP.26, do not detach a thread; Williams, "C++ Concurrency in Action"
//     (2012), 2.1.1
// expect: crash race
// mode: sync

#include <cassert>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

class log_book {
public:
    void write(const std::string& line) {
        std::lock_guard lock(mutex_);
        text_ += line + "\n";
    }

    std::size_t size() {
        std::lock_guard lock(mutex_);
        return text_.size();
    }

private:
    std::mutex mutex_;
    std::string text_;
};

static void rotate_in_background(std::shared_ptr<log_book> log) {
#ifdef FIXED
    std::thread([log] { log->write("rotated, the old file is kept"); }).detach();
#else
    std::thread([book = log.get()] { book->write("rotated, the old file is kept"); }).detach();
#endif
}

int main() {
    auto log = std::make_shared<log_book>();
    log->write("started");
    rotate_in_background(log);
    std::this_thread::yield();
    assert(log->size() == 8 || log->size() == 38);
    log.reset();
    // Nobody waits: the process ends when it ends.
    std::this_thread::yield();
}
