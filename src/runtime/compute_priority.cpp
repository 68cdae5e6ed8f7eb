// Who gets a core when not all can have one. priority.md has the reasons.
#include <twill/core/event.hpp>

#include <algorithm>
#include <mutex>
#include <utility>

#include "compute_core.hpp"

namespace twill::inline TWILL_ABI {
namespace detail {
namespace {

// A thread that stands aside may hold a lock that the others want: it comes back in any case, and
// then works for a while before it stands aside again.
constexpr duration longest_aside = std::chrono::milliseconds(4);
constexpr duration shortest_between = std::chrono::milliseconds(1);

// What is more urgent than all that runs waits no longer than this: what runs reaches no beat.
constexpr duration patience_of_the_urgent = std::chrono::microseconds(200);

}  // namespace

// Under the lock.
void compute_core::count_active(priority urgency, int change) noexcept {
    active_[static_cast<std::size_t>(urgency)] += static_cast<unsigned>(change);
    auto most = priority::background;
    auto least = priority::interactive;
    for (const priority each : {priority::interactive, priority::normal, priority::background}) {
        if (active_[static_cast<std::size_t>(each)] == 0) continue;
        most = std::max(most, each);
        least = each;
    }
    most_urgent_.store(most, std::memory_order_relaxed);
    least_urgent_.store(least, std::memory_order_relaxed);
}

// `work` has ended, or was stopped in the queue. The last access to it is that of `complete`.
void compute_core::finish(region& work) noexcept {
    end_if_forked();
    {
        std::lock_guard hold(lock_);
        count_active(work.urgency_, -1);
        if (const unsigned extra = extra_.load(std::memory_order_relaxed); extra != 0)
            extra_.store(extra - 1, std::memory_order_relaxed);
    }
    while (compute_worker* const back = recall_for_want_of_urgent_work()) back->parker_.unpark();
    work.complete_(work);
}

// One at a time: once off the list it may run before it is woken, and step aside again, so nothing
// may be linked through it without the lock.
compute_worker* compute_core::recall_for_want_of_urgent_work() noexcept {
    // Who stepped aside before this thread last had the lock is in the count.
    if (aside_.load(std::memory_order_relaxed) == 0) return nullptr;
    std::lock_guard hold(lock_);
    for (auto** link = &first_aside_; *link != nullptr; link = &(*link)->next_aside_)
        if ((*link)->urgency() >= most_urgent()) return return_from_aside(link);
    return nullptr;
}

// A region was queued and no core was free: who computes for less than it is asked to step aside at
// once, not at the next tick.
void compute_core::hurry_queue() noexcept { make_room_for(most_urgent()); }

void compute_core::make_room_for(priority most) noexcept {
    if (!anything_below(most)) return;
    for (auto* w = first_worker_.load(std::memory_order_acquire); w != nullptr; w = w->next_)
        if (!w->guest_ && w->urgency() < most &&
            (w->activity_.load(std::memory_order_relaxed) & 1) != 0)
            w->poke_if_news();
}

// `self` has come back in mid-frame, and took a core even if none was free.
void compute_core::make_room_if_beyond(const compute_worker& self) noexcept {
    if (running_.load(std::memory_order_relaxed) > cores()) make_room_for(self.urgency());
}

// Somebody has given up a core, and called for what wants one: if it is free still, the most urgent
// of those who stand aside goes on. Who steps aside after this does so under the lock, and because
// somebody else wants a core.
void compute_core::recall_for_free_core() noexcept {
    if (aside_.load(std::memory_order_relaxed) == 0) return;
    compute_worker* back = nullptr;
    {
        std::lock_guard hold(lock_);
        if (running_.load(std::memory_order_relaxed) >= cores()) return;
        compute_worker** most = nullptr;
        for (auto** link = &first_aside_; *link != nullptr; link = &(*link)->next_aside_)
            if (most == nullptr || (*link)->urgency() >= (*most)->urgency()) most = link;
        if (most == nullptr || wants_core((*most)->urgency())) return;
        back = return_from_aside(most);
        back->recalled_ = true;
    }
    back->parker_.unpark();
}

// Whether there is work above `above` that a further core would help: a region for which nobody was
// called, or a job on offer. Under the lock.
bool compute_core::wants_core(priority above) const noexcept {
    unsigned waiting = 0;
    for (std::size_t i = priorities; i-- != 0 && i > static_cast<std::size_t>(above);)
        for (region* work = queues_[i].first; work != nullptr && waiting <= summoned_;
             work = work->behind_)
            ++waiting;
    if (waiting > summoned_) return true;
    for (auto* w = first_worker_.load(std::memory_order_acquire); w != nullptr; w = w->next_)
        if (w->urgency() > above && compute_offer::full(w->offer_.look())) return true;
    return false;
}

void compute_core::step_aside(compute_worker& self) noexcept {
    if (self.guest_ || self.blocked_ != 0) return;  // it has no core of the pool
    if (now() < self.stays_until_) return;
    self.offer_oldest(std::memory_order_seq_cst);
    compute_worker* sleeper = nullptr;
    {
        std::lock_guard hold(lock_);
        // Exact here: the last that was more urgent may have ended, and has called back who stood
        // aside then.
        if (most_urgent() <= self.urgency()) return;
        // Who has come back from aside has no core of its own: another has it, and nobody need be
        // called.
        const bool beyond = running_.load(std::memory_order_relaxed) > cores();
        if (!beyond && !wants_core(self.urgency())) return;
        give_up_core(self);
        const bool for_region =
            first_in_queue() != nullptr && first_in_queue()->urgency_ > self.urgency();
        if (!beyond && !call_up(for_region ? help_for::region : help_for::job, true, sleeper)) {
            take_core(self);
            return;
        }
        self.aside_ = true;
        self.aside_since_ = now();
        self.next_aside_ = std::exchange(first_aside_, &self);
        aside_.fetch_add(1, std::memory_order_relaxed);
    }
    self.pause_on_core();
    if (sleeper != nullptr) sleeper->parker_.unpark();
    note(event_kind::park, &self);
    do self.parker_.park();
    while (still_aside(self));
    note(event_kind::unpark, &self);
    self.go_on_on_core();
    // It has come early: who wants the core back need not wait.
    if (!std::exchange(self.recalled_, false)) self.stays_until_ = after(now(), shortest_between);
}

bool compute_core::still_aside(const compute_worker& self) noexcept {
    std::lock_guard hold(lock_);
    return self.aside_;
}

// Takes `*link` off the list, with a core, even if all are taken. Under the lock.
compute_worker* compute_core::return_from_aside(compute_worker** link) noexcept {
    compute_worker* const one = *link;
    *link = one->next_aside_;
    one->aside_ = false;
    aside_.fetch_sub(1, std::memory_order_relaxed);
    take_core(*one);
    return one;
}

// True: there is something to look after at the next tick.
bool compute_core::tick_priorities() noexcept {
    const bool some_aside = aside_.load(std::memory_order_relaxed) != 0;
    const bool queue = queued_.load(std::memory_order_relaxed) != 0;
    if (!queue) still_since_ = never;
    if (!some_aside && !queue) return false;
    const time_point at = now();
    if (some_aside) {
        recall_who_stood_aside_long_enough(at);
        // Free for as short a time, it is left to the urgent work, which often wants it again.
        const bool free = running_.load(std::memory_order_relaxed) < cores();
        if (std::exchange(core_was_free_, free) && free) recall_for_free_core();
    }
    if (queue) help_still_queue(at);
    return true;
}

void compute_core::recall_who_stood_aside_long_enough(time_point at) noexcept {
    for (;;) {
        compute_worker* due = nullptr;
        {
            std::lock_guard hold(lock_);
            for (auto** link = &first_aside_; *link != nullptr; link = &(*link)->next_aside_) {
                if (at - (*link)->aside_since_ < longest_aside) continue;
                due = return_from_aside(link);
                break;
            }
        }
        if (due == nullptr) return;
        due->parker_.unpark();
    }
}

// Puts a further thread to work for a queue that nobody has served for long.
void compute_core::help_still_queue(time_point at) noexcept {
    const std::uint32_t served = served_.load(std::memory_order_relaxed);
    if (still_since_ == never || served != seen_served_) still_since_ = at;
    seen_served_ = served;
    compute_worker* sleeper = nullptr;
    {
        std::lock_guard hold(lock_);
        // Threads that were called already are on their way.
        if (queued_.load(std::memory_order_relaxed) <= summoned_) return;
        if (at - still_since_ < patience_with(*first_in_queue())) return;
        if (extra_.load(std::memory_order_relaxed) >= workers()) return;
        extra_.fetch_add(1, std::memory_order_relaxed);
        if (!call_up(help_for::region, true, sleeper))
            extra_.fetch_sub(1, std::memory_order_relaxed);
    }
    still_since_ = at;
    if (sleeper != nullptr) sleeper->parker_.unpark();
}

// How long `first` may wait in the queue. Under the lock.
duration compute_core::patience_with(const region& first) const noexcept {
    if (patience_ == duration::max()) return patience_;
    for (auto* w = first_worker_.load(std::memory_order_acquire); w != nullptr; w = w->next_)
        if ((w->activity_.load(std::memory_order_relaxed) & 1) != 0 &&
            w->urgency() >= first.urgency_)
            return patience_;
    return std::min(patience_, patience_of_the_urgent);
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
