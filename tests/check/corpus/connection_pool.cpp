// The pool counts its connections under the lock, and counts a new one only when it has been made.
//
// bug: check-then-act, a limit is exceeded
// from: CWE-367; Goetz et al., "Java Concurrency in Practice" (2006), 2.2, check-then-act
// expect: assertion
// mode: sync

#include <cassert>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

// The server refuses more than two connections.
class server {
public:
    void connect() {
        std::lock_guard lock(mutex_);
        assert(++connections_ <= 2 && "too many connections");
    }

private:
    std::mutex mutex_;
    int connections_ = 0;
};

struct connection {
    int queries = 0;
};

class connection_pool {
public:
    explicit connection_pool(server& s) : server_(s) {}

    // Null: all are in use.
    std::unique_ptr<connection> borrow() {
        std::unique_lock lock(mutex_);
        if (!idle_.empty()) {
            auto c = std::move(idle_.back());
            idle_.pop_back();
            return c;
        }
        if (made_ == 2) return nullptr;
#ifdef FIXED
        ++made_;
        lock.unlock();
        server_.connect();
#else
        lock.unlock();
        server_.connect();  // takes its time
        lock.lock();
        ++made_;
#endif
        return std::make_unique<connection>();
    }

    void give_back(std::unique_ptr<connection> c) {
        std::lock_guard lock(mutex_);
        idle_.push_back(std::move(c));
    }

private:
    server& server_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<connection>> idle_;
    int made_ = 0;
};

int main() {
    server db;
    connection_pool pool(db);
    std::vector<std::thread> requests;
    for (int i = 0; i < 3; ++i) {
        requests.emplace_back([&] {
            auto c = pool.borrow();
            if (!c) return;
            ++c->queries;
            pool.give_back(std::move(c));
        });
    }
    for (auto& request : requests) request.join();
}
