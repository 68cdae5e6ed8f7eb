// A directed graph: an edge from lock A to lock B says that somebody who held A wanted B. A cycle
// says that the locks were taken in contradicting orders. (As in Linux' lockdep and the deadlock
// detectors of Go and Abseil.)
#include <twill/async/lock_order.hpp>

#include <twill/async/detail/lock_order.hpp>
#include <twill/core/futex_mutex.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI {
namespace detail::lock_order {
namespace {

using lock_id = std::uint32_t;

struct holding {
    lock_id lock;
    const void* who;
    std::source_location where;
};

struct edge {
    lock_id to;
    std::source_location held;    // where the lock that it comes from was locked
    std::source_location wanted;  // and the other one wanted
};

struct step {
    lock_id from;
    edge over;
};

std::string line_of(const std::source_location& where) {
    return std::string(where.file_name()) + ":" + std::to_string(where.line());
}

class watcher {
public:
    void report_to(std::function<void(std::string_view)> report) {
        std::lock_guard hold(lock_);
        report_ = std::move(report);
    }
    void forget() noexcept {
        std::lock_guard hold(lock_);
        graph_.clear();
        held_.clear();
    }

    void wants(lock_number& lock, const void* who, std::source_location where) {
        std::string said;
        std::function<void(std::string_view)> report;
        {
            std::lock_guard hold(lock_);
            const lock_id wanted = id_of(lock);
            for (const auto& [number, held] : held_)
                if (held.who == who) said += consider(held, wanted, where);
            report = report_;
        }
        if (said.empty()) return;
        if (report)
            report(said);
        else
            std::fputs(said.c_str(), stderr);
    }

    record holds(lock_number& lock, const void* who, std::source_location where) {
        std::lock_guard hold(lock_);
        if (++records_ == 0) ++records_;
        held_.insert_or_assign(records_, holding{id_of(lock), who, where});
        return records_;
    }

    void freed(record which) noexcept {
        std::lock_guard hold(lock_);
        held_.erase(which);
    }

    void ended(lock_id lock) noexcept {
        std::lock_guard hold(lock_);
        if (graph_.erase(lock) == 0 && !led_to(lock)) return;
        for (auto& [from, edges] : graph_)
            std::erase_if(edges, [&](const edge& e) { return e.to == lock; });
    }

private:
    lock_id id_of(lock_number& lock) noexcept {
        lock_id id = lock.load(std::memory_order_relaxed);
        if (id == 0) lock.store(id = ++locks_, std::memory_order_relaxed);
        return id;
    }

    [[nodiscard]] bool led_to(lock_id lock) const noexcept {
        return std::ranges::any_of(graph_, [&](const auto& node) {
            return std::ranges::any_of(node.second, [&](const edge& e) { return e.to == lock; });
        });
    }

    // What is to be said of somebody who holds one lock and wants another.
    std::string consider(const holding& held, lock_id wanted, std::source_location where) {
        if (held.lock == wanted)
            return "twill: a lock is wanted at " + line_of(where) +
                   " by the task or thread that locked it at " + line_of(held.where) +
                   " and still holds it: it waits for itself\n";
        auto& edges = graph_[held.lock];
        if (std::ranges::any_of(edges, [&](const edge& e) { return e.to == wanted; })) return {};
        const edge added{wanted, held.where, where};
        std::string said;
        if (const auto way_back = path(wanted, held.lock))
            said = describe({held.lock, added}, *way_back);
        graph_[held.lock].push_back(added);
        return said;
    }

    // Breadth first: the shortest.
    [[nodiscard]] std::optional<std::vector<step>> path(lock_id from, lock_id to) const {
        std::unordered_map<lock_id, step> came_by;
        std::deque<lock_id> next{from};
        while (!next.empty()) {
            const lock_id at = next.front();
            next.pop_front();
            const auto found = graph_.find(at);
            if (found == graph_.end()) continue;
            for (const edge& e : found->second) {
                if (e.to == from || !came_by.try_emplace(e.to, step{at, e}).second) continue;
                if (e.to == to) return way(came_by, from, to);
                next.push_back(e.to);
            }
        }
        return std::nullopt;
    }

    static std::vector<step> way(const std::unordered_map<lock_id, step>& came_by, lock_id from,
                                 lock_id to) {
        std::vector<step> all;
        for (lock_id at = to; at != from; at = all.back().from) all.push_back(came_by.at(at));
        std::ranges::reverse(all);
        return all;
    }

    static std::string describe(const step& added, const std::vector<step>& way_back) {
        const auto one = [](const step& s) {
            return "lock " + std::to_string(s.from) + " was held, since " + line_of(s.over.held) +
                   ", and lock " + std::to_string(s.over.to) + " wanted at " +
                   line_of(s.over.wanted) + "\n";
        };
        std::string said =
            "twill: locks are taken in contradicting orders; tasks or threads that do so at the "
            "same time wait for each other for ever\n  now:    " +
            one(added);
        for (const step& s : way_back) said += "  before: " + one(s);
        return said + "  take them in one order everywhere, or hold one at a time\n";
    }

    futex_mutex lock_;  // guards all below
    lock_id locks_ = 0;
    record records_ = 0;
    std::unordered_map<record, holding> held_;
    std::unordered_map<lock_id, std::vector<edge>> graph_;
    std::function<void(std::string_view)> report_;
};

// Never destroyed: locks with static storage end later than anything here would.
watcher& the_watcher() {
    static watcher& one = *new watcher;
    return one;
}

bool watched_from_the_start() noexcept {
    if (const char* const said = std::getenv("TWILL_LOCK_ORDER"); said != nullptr && *said != 0)
        return std::string_view(said) != "0";
#ifdef NDEBUG
    return false;
#else
    return true;
#endif
}

// Without memory it watches no more, and says nothing wrong.
template <class Work>
auto unless_memory_ends(const Work& work) noexcept -> decltype(work()) {
    try {
        return work();
    } catch (...) {
        watching.store(false, std::memory_order_relaxed);
        return decltype(work())();
    }
}

}  // namespace

atomic<bool> watching{watched_from_the_start()};

void wants(lock_number& lock, const void* who, std::source_location where) noexcept {
    unless_memory_ends([&] { the_watcher().wants(lock, who, where); });
}

record holds(lock_number& lock, const void* who, std::source_location where) noexcept {
    return unless_memory_ends([&] { return the_watcher().holds(lock, who, where); });
}

void freed(record which) noexcept {
    unless_memory_ends([&] { the_watcher().freed(which); });
}

void ended(std::uint32_t lock) noexcept {
    unless_memory_ends([&] { the_watcher().ended(lock); });
}

const void* this_thread() noexcept {
    static thread_local const char here = 0;
    return &here;
}

}  // namespace detail::lock_order

void watch_lock_order(std::function<void(std::string_view)> report) {
    detail::lock_order::the_watcher().report_to(std::move(report));
    detail::lock_order::watching.store(true, std::memory_order_relaxed);
}

void forget_lock_order() noexcept {
    detail::lock_order::watching.store(false, std::memory_order_relaxed);
    detail::lock_order::the_watcher().forget();
}

}  // namespace twill::inline TWILL_ABI
