// Who gets a core when not all can have one. README.md, "Priority", has the reasons.
#include <twill/core/event.hpp>

#include <algorithm>
#include <limits>
#include <mutex>
#include <utility>

#include "compute_core.hpp"

namespace twill::inline TWILL_ABI {
namespace detail {
namespace {

// In ticks. A thread that stands aside may hold a lock that the others want: it comes back in any
// case, and then works for a while before it stands aside again.
constexpr unsigned longest_aside = 40;
constexpr unsigned shortest_between = 10;

}  // namespace

// Under the lock.
void compute_core::count_active(priority urgency, int change) noexcept {
    active_[static_cast<std::size_t>(urgency)] += static_cast<unsigned>(change);
    auto most = priority::background;
    for (const priority each : {priority::normal, priority::interactive})
        if (active_[static_cast<std::size_t>(each)] != 0) most = each;
    most_urgent_.store(most, std::memory_order_relaxed);
}

// `work` has ended, or was stopped in the queue. The last access to it is that of `complete`.
void compute_core::finish(region& work) noexcept {
    compute_worker* back = nullptr;
    {
        std::lock_guard hold(lock_);
        count_active(work.urgency_, -1);
        if (const unsigned extra = extra_.load(std::memory_order_relaxed); extra != 0)
            extra_.store(extra - 1, std::memory_order_relaxed);
        for (auto** link = &first_aside_; *link != nullptr;) {
            if ((*link)->urgency() < most_urgent()) {
                link = &(*link)->next_aside_;
            } else {
                compute_worker* const one = return_from_aside(link);
                one->next_aside_ = std::exchange(back, one);
            }
        }
    }
    while (back != nullptr) {
        // Once it runs, its links are its own again.
        compute_worker* const one = std::exchange(back, back->next_aside_);
        one->parker_.unpark();
    }
    work.complete_(work);
}

// A region was queued and no core was free: who computes for less than it is asked to step aside at
// once, not at the next tick.
void compute_core::hurry_queue() noexcept {
    const priority most = most_urgent();
    for (auto* w = first_worker_.load(std::memory_order_acquire); w != nullptr; w = w->next_)
        if (w->urgency() < most) w->poke();
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
    if (self.guest_) return;  // it brought its own core
    if (self.beats_to_go_ != 0) {
        --self.beats_to_go_;
        return;
    }
    self.offer_oldest(std::memory_order_seq_cst);
    compute_worker* sleeper = nullptr;
    {
        std::lock_guard hold(lock_);
        if (!wants_core(self.urgency())) return;
        give_up_core(self);
        const bool for_region =
            first_in_queue() != nullptr && first_in_queue()->urgency_ > self.urgency();
        if (!call_up(for_region ? help_for::region : help_for::job, true, sleeper)) {
            take_core(self);
            return;
        }
        self.aside_ = true;
        self.ticks_aside_ = 0;
        self.next_aside_ = std::exchange(first_aside_, &self);
        aside_.fetch_add(1, std::memory_order_relaxed);
    }
    self.get_off_core();
    if (sleeper != nullptr) sleeper->parker_.unpark();
    note(event_kind::park, &self);
    do self.parker_.park();
    while (still_aside(self));
    note(event_kind::unpark, &self);
    self.get_on_core();
    self.beats_to_go_ = shortest_between;
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

// Calls back who stood aside long enough, and puts a further thread to work for a queue that stands
// still: at once if its first region is more urgent than all that runs, since what runs then
// reaches no beat. True: there is more to look after.
bool compute_core::tick_priorities() noexcept {
    while (aside_.load(std::memory_order_relaxed) != 0) {
        compute_worker* due = nullptr;
        {
            std::lock_guard hold(lock_);
            for (auto** link = &first_aside_; *link != nullptr; link = &(*link)->next_aside_) {
                if ((*link)->ticks_aside_ < longest_aside) continue;
                due = return_from_aside(link);
                break;
            }
            if (due == nullptr)
                for (auto* w = first_aside_; w != nullptr; w = w->next_aside_) ++w->ticks_aside_;
        }
        if (due == nullptr) break;
        due->parker_.unpark();
    }

    if (queued_.load(std::memory_order_relaxed) == 0) {
        ticks_still_ = 0;
        return aside_.load(std::memory_order_relaxed) != 0;
    }
    const std::uint32_t served = served_.load(std::memory_order_relaxed);
    ticks_still_ = served == seen_served_ ? ticks_still_ + 1 : 0;
    seen_served_ = served;
    compute_worker* sleeper = nullptr;
    {
        std::lock_guard hold(lock_);
        const region* const first = first_in_queue();
        // Threads that were called already are on their way.
        if (queued_.load(std::memory_order_relaxed) <= summoned_) return true;
        if (extra_.load(std::memory_order_relaxed) >= workers_) return true;
        auto most_running = priority::background;
        for (auto* w = first_worker_.load(std::memory_order_acquire); w != nullptr; w = w->next_)
            if ((w->activity_.load(std::memory_order_relaxed) & 1) != 0)
                most_running = std::max(most_running, w->urgency());
        const bool strict = patience_ == std::numeric_limits<unsigned>::max();
        const unsigned patience =
            first->urgency_ > most_running && !strict ? std::min(2U, patience_) : patience_;
        if (ticks_still_ < patience) return true;
        extra_.fetch_add(1, std::memory_order_relaxed);
        if (!call_up(help_for::region, true, sleeper))
            extra_.fetch_sub(1, std::memory_order_relaxed);
    }
    ticks_still_ = 0;
    if (sleeper != nullptr) sleeper->parker_.unpark();
    return true;
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
