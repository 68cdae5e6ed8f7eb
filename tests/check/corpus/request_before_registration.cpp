// A client sends its request, then notes that it waits for the answer: which has come and gone.
//
// bug: order violation, an event comes before its receiver is registered
// from: Lu, Park, Seo, Zhou, "Learning from mistakes" (ASPLOS 2008), order violations
// expect: deadlock
// mode: sync

#include <cassert>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <thread>

// Stands for the network: the server thread takes requests out of it.
class server {
public:
    explicit server(std::function<void(int, int)> reply) : reply_(std::move(reply)) {}

    ~server() { thread_.join(); }

    void request(int id) {
        thread_ = std::thread([this, id] { reply_(id, id * 2); });
    }

private:
    std::function<void(int, int)> reply_;
    std::thread thread_;
};

class client {
public:
    int call(int id) {
        std::promise<int> promise;
        auto answer = promise.get_future();
#ifdef FIXED
        expect(id, std::move(promise));
        server_.request(id);
#else
        server_.request(id);
        expect(id, std::move(promise));
#endif
        return answer.get();
    }

private:
    void expect(int id, std::promise<int> promise) {
        std::lock_guard lock(mutex_);
        waiting_[id] = std::move(promise);
    }

    void answered(int id, int value) {
        std::lock_guard lock(mutex_);
        auto found = waiting_.find(id);
        if (found == waiting_.end()) return;  // somebody who has given up
        found->second.set_value(value);
        waiting_.erase(found);
    }

    std::mutex mutex_;
    std::map<int, std::promise<int>> waiting_;
    server server_{[this](int id, int value) { answered(id, value); }};
};

int main() {
    client c;
    assert(c.call(21) == 42);
}
