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
    // `memory`: for as many; null: its own.
    shuffled(std::size_t size, std::uint16_t* memory) noexcept
        : order_(memory != nullptr ? memory : own_.data(), size) {
        draw_order(order_);
    }
    shuffled(const shuffled&) = delete;
    shuffled& operator=(const shuffled&) = delete;
    [[nodiscard]] auto begin() const noexcept { return order_.begin(); }
    [[nodiscard]] auto end() const noexcept { return order_.end(); }

private:
    std::array<std::uint16_t, choosing::most> own_;
    std::span<std::uint16_t> order_;
};

}  // namespace

select_arm::select_arm(choosing& by, two_phase_place* at) noexcept
    : waiter(&select_arm::woken, &by.chosen_), by_(&by), at_(at) {}

void select_arm::woken(waiter& self) noexcept { static_cast<select_arm&>(self).by_->ended(); }

waiter& choosing::cut_short() noexcept { return was_cut_short; }

choosing::choosing() noexcept : chosen_(&not_yet) {}

void choosing::use(std::span<select_arm*> arms, std::uint16_t* order) noexcept {
    arms_ = arms;
    order_ = order;
    for (select_arm* const each : arms)
        if (each->at_ == nullptr &&
            (next_in_time_ == nullptr || each->deadline_ < next_in_time_->deadline_))
            next_in_time_ = each;
}

// Relaxed here and below: whoever asks has been woken, or was not queued.
const waiter* choosing::chosen() const noexcept { return chosen_.load(std::memory_order_relaxed); }

bool choosing::try_each() noexcept {
    for (const std::uint16_t i : shuffled(arms_.size(), order_)) {
        select_arm& one = *arms_[i];
        const bool taken = one.at_ != nullptr
                               ? take_now(*one.at_, one)
                               : one.deadline_ == time_point::min() || now() >= one.deadline_;
        if (!taken) continue;
        chosen_.store(&one, std::memory_order_relaxed);
        return true;
    }
    return false;
}

select_arm* choosing::take_or_queue(woken_waiters& woken) noexcept {
    const shuffled order(arms_.size(), order_);
    for (const std::uint16_t i : order) {
        select_arm& one = *arms_[i];
        if (one.at_ != nullptr && one.at_->take(one, woken)) return &one;
    }
    for (const std::uint16_t i : order) {
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

// Null, of what is at no place, comes first.
futex_mutex* choosing::lock_of(const select_arm& one) noexcept {
    return one.at_ != nullptr ? &one.at_->lock() : nullptr;
}

// The first arm from `from` on that has another lock than the one before it.
std::size_t choosing::next_lock(std::size_t from) const noexcept {
    const futex_mutex* const before = from == 0 ? nullptr : lock_of(*arms_[from - 1]);
    while (from != arms_.size() && lock_of(*arms_[from]) == before) ++from;
    return from;
}

void choosing::lock_all() noexcept {
    std::sort(arms_.begin(), arms_.end(), [](const select_arm* a, const select_arm* b) {
        return std::less<>()(lock_of(*a), lock_of(*b));
    });
    for (std::size_t i = next_lock(0); i != arms_.size(); i = next_lock(i + 1))
        lock_of(*arms_[i])->lock();
}

// Once the last is free it may be gone, if it waits: so it is known beforehand which that is.
void choosing::unlock_all() noexcept {
    for (std::size_t i = next_lock(0), end = arms_.size(); i != end;) {
        futex_mutex& one = *lock_of(*arms_[i]);
        i = next_lock(i + 1);
        one.unlock();
    }
}

bool choosing::queue_all() noexcept {
    woken_waiters woken;
    bool waits = false;
    lock_all();
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
    unlock_all();
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
