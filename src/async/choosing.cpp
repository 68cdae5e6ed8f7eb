#include <twill/async/detail/choosing.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <mutex>

namespace twill::inline TWILL_ABI::detail {
namespace {

struct mark final : waiter {
    constexpr mark() noexcept : waiter(nullptr) {}
};
// Only their addresses matter.
constinit mark not_yet;
constinit mark was_cut_short;

// Each of the cases, in an order drawn anew.
class shuffled {
public:
    explicit shuffled(std::size_t size) noexcept : size_(size) {
        draw_order({order_.data(), size});
    }
    [[nodiscard]] auto begin() const noexcept { return order_.begin(); }
    [[nodiscard]] auto end() const noexcept { return order_.begin() + size_; }

private:
    std::array<std::uint8_t, choosing::most> order_;
    std::size_t size_;
};

// The locks of several places, each once.
class locks {
public:
    void add(futex_mutex& one) noexcept {
        std::size_t at = size_;
        while (at != 0 && std::less<>()(&one, each_[at - 1])) --at;
        if (at != 0 && each_[at - 1] == &one) return;
        std::copy_backward(each_.begin() + at, each_.begin() + size_, each_.begin() + size_ + 1);
        each_[at] = &one;
        ++size_;
    }
    void lock() noexcept {
        for (std::size_t i = 0; i < size_; ++i) each_[i]->lock();
    }
    void unlock() noexcept {
        for (std::size_t i = 0; i < size_; ++i) each_[i]->unlock();
    }

private:
    std::array<futex_mutex*, choosing::most> each_;
    std::size_t size_ = 0;
};

}  // namespace

select_arm::select_arm(choosing& by, two_phase_place* at) noexcept
    : waiter(&select_arm::woken, &by.chosen_), by_(&by), at_(at) {}

void select_arm::woken(waiter& self) noexcept { static_cast<select_arm&>(self).by_->ended(); }

waiter& choosing::cut_short() noexcept { return was_cut_short; }

choosing::choosing() noexcept : chosen_(&not_yet) {}

void choosing::use(std::span<select_arm* const> arms) noexcept {
    arms_ = arms;
    for (select_arm* const each : arms)
        if (each->at_ == nullptr &&
            (next_in_time_ == nullptr || each->deadline_ < next_in_time_->deadline_))
            next_in_time_ = each;
}

// Relaxed here and below: whoever asks has been woken, or was not queued.
const waiter* choosing::chosen() const noexcept { return chosen_.load(std::memory_order_relaxed); }

bool choosing::try_each() noexcept {
    for (const std::uint8_t i : shuffled(arms_.size())) {
        select_arm& one = *arms_[i];
        bool taken = false;
        if (one.at_ == nullptr) {
            taken = one.deadline_ == time_point::min() || now() >= one.deadline_;
        } else {
            woken_waiters woken;
            {
                std::lock_guard hold(one.at_->lock());
                taken = one.at_->take(one, woken);
            }
            woken.wake_all();
        }
        if (!taken) continue;
        chosen_.store(&one, std::memory_order_relaxed);
        return true;
    }
    return false;
}

select_arm* choosing::take_or_queue(woken_waiters& woken) noexcept {
    const shuffled order(arms_.size());
    for (const std::uint8_t i : order) {
        select_arm& one = *arms_[i];
        if (one.at_ != nullptr && one.at_->take(one, woken)) return &one;
    }
    for (const std::uint8_t i : order) {
        select_arm& one = *arms_[i];
        if (one.at_ == nullptr || !one.at_->queue(one)) continue;
        unqueue(woken);
        return &one;
    }
    return nullptr;
}

void choosing::unqueue(woken_waiters& woken) noexcept {
    for (select_arm* const each : arms_)
        if (each->at_ != nullptr) static_cast<void>(each->at_->cut(*each, woken));
}

bool choosing::queue_all() noexcept {
    locks all;
    for (select_arm* const each : arms_)
        if (each->at_ != nullptr) all.add(each->at_->lock());
    woken_waiters woken;
    bool waits = false;
    all.lock();
    waiter* seen = chosen_.load(std::memory_order_relaxed);
    if (seen == &not_yet) {
        if (select_arm* const taken = take_or_queue(woken)) {
            // Over the mark of who comes to cut it short just now: a result beats it.
            chosen_.store(taken, std::memory_order_relaxed);
        } else {
            queued_ = true;
            if (next_in_time_ != nullptr) arm();
            // Release: what it is made of is seen by who chooses without the lock of a place.
            // Acquire, if the timer was quicker: it is out of here before the select goes.
            waits = chosen_.compare_exchange_strong(seen, nullptr, std::memory_order_release,
                                                    std::memory_order_acquire);
            if (!waits) {
                unqueue(woken);
                queued_ = false;
            }
        }
    }
    // Once the last is free it may be gone, if it waits.
    all.unlock();
    woken.wake_all();
    return !waits;
}

void choosing::take_out() noexcept {
    if (!queued_) return;
    const waiter* const it = chosen();
    for (select_arm* const each : arms_) {
        if (each == it || each->at_ == nullptr) continue;
        woken_waiters woken;
        {
            std::lock_guard hold(each->at_->lock());
            static_cast<void>(each->at_->cut(*each, woken));
        }
        woken.wake_all();
    }
}

choosing::vote choosing::choose(waiter& what) noexcept {
    waiter* seen = chosen_.load(std::memory_order_relaxed);
    while (seen == nullptr || seen == &not_yet)
        // Both pair with the compare-and-swap in `queue_all`.
        if (chosen_.compare_exchange_weak(seen, &what, std::memory_order_acq_rel,
                                          std::memory_order_relaxed))
            return seen == nullptr ? vote::won : vote::early;
    return vote::too_late;
}

bool choosing_task::start() noexcept { return queue_all() && timer_is_out(); }

void choosing_task::arm() noexcept {
    deadline = deadline_of(*next_in_time());
    if (deadline == never) return;
    armed_ = true;
    static_cast<void>(owner().home().arm(*this));
}

void choosing_task::ended() noexcept {
    if (timer_is_out()) complete();
}

void choosing_task::cancel() noexcept {
    if (choose(cut_short()) == vote::won) ended();
}

bool choosing_task::timer_is_out() noexcept {
    // A timer that has fired for good was the one to choose.
    if (!armed_ || chosen() == next_in_time()) return true;
    return owner().home().disarm(*this) || both_passed();
}

void choosing_task::expired(timer& self) noexcept {
    auto& it = static_cast<choosing_task&>(self);
    switch (it.choose(*it.next_in_time())) {
        case vote::won:
            return it.complete();
        case vote::early:
            return;  // `start` finds it, and goes on at once; it may be gone
        case vote::too_late:
            if (it.both_passed()) it.complete();
    }
}

void choosing_task::conclude() {
    throw_if_refused();
    take_out();
    if (chosen() == &cut_short()) throw cancelled();
}

}  // namespace twill::inline TWILL_ABI::detail
