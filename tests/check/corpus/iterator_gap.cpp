// The sweeper remembers an index over a gap in its lock, in which somebody else removes sessions.
//
// bug: atomicity violation, stale index
// from: Lu, Park, Seo, Zhou, "Learning from mistakes" (ASPLOS 2008), single-variable atomicity
//     violations
// expect: crash
// mode: sync

#include <cassert>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

struct session {
    std::string user;
    bool idle;
};

class session_table {
public:
    explicit session_table(std::vector<session> sessions) : sessions_(std::move(sessions)) {}

    void log_out(const std::string& user) {
        std::lock_guard lock(mutex_);
        std::erase_if(sessions_, [&](const session& s) { return s.user == user; });
    }

    void drop_one_idle() {
#ifdef FIXED
        std::lock_guard lock(mutex_);
        if (auto index = find_idle(); index < sessions_.size()) erase(index);
#else
        std::size_t index, size;
        {
            std::lock_guard lock(mutex_);
            index = find_idle();
            size = sessions_.size();
        }
        if (index == size) return;
        std::lock_guard lock(mutex_);
        erase(index);
#endif
    }

    std::size_t size() const {
        std::lock_guard lock(mutex_);
        return sessions_.size();
    }

private:
    std::size_t find_idle() const {
        std::size_t index = 0;
        while (index < sessions_.size() && !sessions_[index].idle) ++index;
        return index;
    }

    void erase(std::size_t index) {
        sessions_.at(index);  // throws if it is not there
        sessions_.erase(sessions_.begin() + static_cast<std::ptrdiff_t>(index));
    }

    mutable std::mutex mutex_;
    std::vector<session> sessions_;
};

int main() {
    session_table sessions({{"ann", false}, {"bob", true}});
    std::thread sweeper([&] { sessions.drop_one_idle(); });
    sessions.log_out("ann");
    sweeper.join();
    assert(sessions.size() <= 1);
}
