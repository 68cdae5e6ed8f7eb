// A consumer checks the queue with `if` around its wait: somebody else took the item before it
// woke.
//
// bug: predicate not tested again after a wait
// from: Lampson, Redell, "Experience with processes and monitors in Mesa" (1980)
// expect: assertion
// mode: sync

#include <cassert>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

class mailbox {
public:
    void put(int letter) {
        std::lock_guard lock(mutex_);
        letters_.push_back(letter);
        arrived_.notify_one();
    }

    int take() {
        std::unique_lock lock(mutex_);
#ifdef FIXED
        while (letters_.empty()) arrived_.wait(lock);
#else
        if (letters_.empty()) arrived_.wait(lock);
#endif
        assert(!letters_.empty());
        int letter = letters_.front();
        letters_.pop_front();
        return letter;
    }

private:
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::deque<int> letters_;
};

int main() {
    mailbox box;
    std::vector<std::thread> readers;
    for (int i = 0; i < 2; ++i) readers.emplace_back([&] { box.take(); });
    box.put(1);
    box.put(2);
    for (auto& reader : readers) reader.join();
}
