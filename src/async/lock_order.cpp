// A directed graph: an edge from lock A to lock B says that somebody who held A wanted B. A cycle
// says that the locks were taken in contradicting orders. (As in Linux' lockdep and the deadlock
// detectors of Go and Abseil.)
#include <twill/async/lock_order.hpp>

#include <twill/async/detail/lock_order.hpp>
#include <twill/core/context_end.hpp>
#include <twill/core/futex_mutex.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI {
namespace detail::lock_order {
namespace {

using lock_id = std::uint32_t;

struct holding {
    record number;
    lock_id lock;
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
        led_from_.clear();
        held_.clear();
        holders_.clear();
        count_holders();
    }

    void wants(lock_number& lock, const void* who, std::source_location where) {
        std::string said;
        std::function<void(std::string_view)> report;
        {
            std::lock_guard hold(lock_);
            const lock_id wanted = id_of(lock);
            const auto found = held_.find(who);
            if (found == held_.end()) return;
            for (const holding& held : found->second) said += consider(held, wanted, where);
            if (said.empty()) return;
            report = report_;
        }
        std::lock_guard one_at_a_time(reporting_);
        if (report)
            report(said);
        else
            std::fputs(said.c_str(), stderr);
    }

    record holds(lock_number& lock, const void* who, std::source_location where) {
        std::lock_guard hold(lock_);
        if (++records_ == 0) ++records_;
        holders_.insert_or_assign(records_, who);
        held_[who].push_back({records_, id_of(lock), where});
        count_holders();
        return records_;
    }

    void freed(record which) noexcept {
        std::lock_guard hold(lock_);
        const auto holder = holders_.find(which);
        if (holder == holders_.end()) return;
        const auto of = held_.find(holder->second);
        holders_.erase(holder);
        if (of == held_.end()) return;
        std::erase_if(of->second, [&](const holding& each) { return each.number == which; });
        if (of->second.empty()) held_.erase(of);
        count_holders();
    }

    // Whoever gets its address is another one. What it still held is somebody's that the guard was
    // moved to, who is not known.
    void holder_ended(const void* who) noexcept {
        // Relaxed: what it has taken itself, it sees.
        if (holding_.load(std::memory_order_relaxed) == 0) return;
        std::lock_guard hold(lock_);
        const auto found = held_.find(who);
        if (found == held_.end()) return;
        for (const holding& each : found->second) holders_.erase(each.number);
        held_.erase(found);
        count_holders();
    }

    void ended(lock_id lock) noexcept {
        std::lock_guard hold(lock_);
        if (const auto from = graph_.find(lock); from != graph_.end()) {
            for (const auto& [to, over] : from->second)
                if (const auto found = led_from_.find(to); found != led_from_.end())
                    found->second.erase(lock);
            graph_.erase(from);
        }
        if (const auto to = led_from_.find(lock); to != led_from_.end()) {
            for (const lock_id from : to->second)
                if (const auto found = graph_.find(from); found != graph_.end())
                    found->second.erase(lock);
            led_from_.erase(to);
        }
    }

private:
    lock_id id_of(lock_number& lock) noexcept {
        lock_id id = lock.load(std::memory_order_relaxed);
        if (id == 0) lock.store(id = ++locks_, std::memory_order_relaxed);
        return id;
    }

    void count_holders() noexcept { holding_.store(held_.size(), std::memory_order_relaxed); }

    // What is to be said of somebody who holds one lock and wants another.
    std::string consider(const holding& held, lock_id wanted, std::source_location where) {
        if (held.lock == wanted)
            return "twill: a lock is wanted at " + line_of(where) +
                   " by the task or thread that locked it at " + line_of(held.where) +
                   " and still holds it: it waits for itself (if the lock is shared, as soon as "
                   "somebody wants it alone)\n";
        const auto [place, is_new] =
            graph_[held.lock].try_emplace(wanted, edge{wanted, held.where, where});
        if (!is_new) return {};
        led_from_[wanted].insert(held.lock);
        if (const auto way_back = path(wanted, held.lock))
            return describe({held.lock, place->second}, *way_back);
        return {};
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
            for (const auto& [id, e] : found->second) {
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

    futex_mutex reporting_;
    futex_mutex lock_;  // guards all below
    lock_id locks_ = 0;
    record records_ = 0;
    std::unordered_map<const void*, std::vector<holding>> held_;  // by whom
    std::unordered_map<record, const void*> holders_;
    std::unordered_map<lock_id, std::unordered_map<lock_id, edge>> graph_;
    std::unordered_map<lock_id, std::unordered_set<lock_id>> led_from_;  // the same, backwards
    std::function<void(std::string_view)> report_;
    atomic<std::size_t> holding_{0};  // how many hold something, for who looks without the lock
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

void task_ended(const context& which) noexcept { the_watcher().holder_ended(&which); }

}  // namespace

atomic<bool> watching{watched_from_the_start()};

void wants(lock_number& lock, const void* who, std::source_location where) noexcept {
    unless_memory_ends([&] { the_watcher().wants(lock, who, where); });
}

record holds(lock_number& lock, const void* who, std::source_location where) noexcept {
    on_context_end.store(&task_ended, std::memory_order_relaxed);
    return unless_memory_ends([&] { return the_watcher().holds(lock, who, where); });
}

void freed(record which) noexcept {
    unless_memory_ends([&] { the_watcher().freed(which); });
}

void ended(std::uint32_t lock) noexcept {
    unless_memory_ends([&] { the_watcher().ended(lock); });
}

// Never used again for another one, and no address of a context.
[[gnu::noinline]] const void* this_thread() noexcept {
    static constinit atomic<std::uintptr_t> threads{1};
    static thread_local const std::uintptr_t me = threads.fetch_add(2, std::memory_order_relaxed);
    return reinterpret_cast<const void*>(me);
}

}  // namespace detail::lock_order

void watch_lock_order(std::function<void(std::string_view)> report) {
    detail::lock_order::the_watcher().report_to(std::move(report));
    detail::lock_order::watching.store(true, std::memory_order_relaxed);
}

void forget_lock_order() noexcept {
    detail::lock_order::watching.store(false, std::memory_order_relaxed);
    detail::on_context_end.store(nullptr, std::memory_order_relaxed);
    detail::lock_order::the_watcher().forget();
}

}  // namespace twill::inline TWILL_ABI
