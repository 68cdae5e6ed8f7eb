#include <twill/runtime/detail/timer_wheel.hpp>

#include <algorithm>
#include <bit>
#include <mutex>

namespace twill::inline TWILL_ABI::detail {
namespace {

constexpr std::uint64_t no_tick = ~std::uint64_t{0};

}  // namespace

timer_wheel::timer_wheel(time_point start, duration together) noexcept
    : origin_(start.time_since_epoch().count()),
      rounding_(std::bit_floor(std::max<std::uint64_t>(
                    together > duration::zero()
                        ? static_cast<std::uint64_t>(together.count()) >> tick_shift
                        : 0,
                    1)) -
                1) {}

// Rounded up. Compared before it is subtracted: a deadline may be time_point::min().
std::uint64_t timer_wheel::tick_of(time_point deadline) const noexcept {
    const std::int64_t at = deadline.time_since_epoch().count();
    if (at <= origin_) return 0;
    const std::uint64_t tick =
        (static_cast<std::uint64_t>(at - origin_) + ((1U << tick_shift) - 1)) >> tick_shift;
    return (tick + rounding_) & ~rounding_;
}

// Rounded down.
std::uint64_t timer_wheel::reached_at(time_point now) const noexcept {
    const std::int64_t at = now.time_since_epoch().count();
    return at <= origin_ ? 0 : static_cast<std::uint64_t>(at - origin_) >> tick_shift;
}

void timer_wheel::push_back(list& to, timer& what) noexcept {
    what.next = nullptr;
    what.previous = to.last;
    (to.last != nullptr ? to.last->next : to.first) = &what;
    to.last = &what;
}

// `tick` is ahead of the current one.
void timer_wheel::insert(timer& what, std::uint64_t tick) noexcept {
    const std::uint64_t differs = (tick ^ current_) | (slots - 1);
    const unsigned level = (63U - static_cast<unsigned>(std::countl_zero(differs))) / slot_bits;
    const unsigned slot = (tick >> (level * slot_bits)) % slots;
    what.level = static_cast<std::uint8_t>(level);
    what.slot = static_cast<std::uint8_t>(slot);
    occupied_[level] |= std::uint64_t{1} << slot;
    push_back(slots_[level][slot], what);
}

void timer_wheel::unlink(timer& what) noexcept {
    list& in = slots_[what.level][what.slot];
    (what.previous != nullptr ? what.previous->next : in.first) = what.next;
    (what.next != nullptr ? what.next->previous : in.last) = what.previous;
    if (in.first == nullptr) occupied_[what.level] &= ~(std::uint64_t{1} << what.slot);
}

// The next slot to be emptied. A lower level's slots all lie before a higher one's.
bool timer_wheel::next_position(position& where) const noexcept {
    for (unsigned level = 0; level < levels; ++level) {
        if (occupied_[level] == 0) continue;
        const auto slot = static_cast<unsigned>(std::countr_zero(occupied_[level]));
        const unsigned shift = level * slot_bits;
        const std::uint64_t above = (current_ >> shift) & ~std::uint64_t{slots - 1};
        where = {(above | slot) << shift, level, slot};
        return true;
    }
    return false;
}

std::uint64_t timer_wheel::next_tick() const noexcept {
    position where{};
    return next_position(where) ? where.tick : no_tick;
}

timer_wheel::armed timer_wheel::arm(timer& what) noexcept {
    std::lock_guard hold(lock_);
    if (what.now_is == timer::state::refused) return armed::refused;
    const std::uint64_t before = next_tick();
    what.now_is = timer::state::pending;
    // A deadline that is past counts for the next tick: the current one was expired already.
    insert(what, std::max(tick_of(what.deadline), current_ + 1));
    return next_tick() < before ? armed::earliest : armed::later;
}

bool timer_wheel::disarm(timer& what) noexcept {
    std::lock_guard hold(lock_);
    if (what.now_is == timer::state::pending) {
        unlink(what);
        what.now_is = timer::state::idle;
        return true;
    }
    if (what.now_is == timer::state::idle) what.now_is = timer::state::refused;
    return false;
}

timer* timer_wheel::take_slot(const position& where) noexcept {
    occupied_[where.level] &= ~(std::uint64_t{1} << where.slot);
    timer* taken = slots_[where.level][where.slot].first;
    slots_[where.level][where.slot] = {};
    return taken;
}

timer* timer_wheel::expire(time_point now) noexcept {
    std::lock_guard hold(lock_);
    const std::uint64_t reached = reached_at(now);
    list due;
    position where{};
    while (next_position(where) && where.tick <= reached) {
        timer* taken = take_slot(where);
        // What was in the slot is due at its start, or lies on a lower level as seen from there:
        // also what is due by `now`, or timers would fire in the order of their arming after a long
        // pause.
        current_ = where.tick;
        while (taken != nullptr) {
            timer& one = *taken;
            taken = one.next;
            const std::uint64_t tick = tick_of(one.deadline);
            if (tick <= current_) {
                one.now_is = timer::state::fired;
                push_back(due, one);
            } else {
                insert(one, tick);
            }
        }
    }
    if (reached > current_) current_ = reached;
    return due.first;
}

// What lies in further slots is due after all that lies in the first.
bool timer_wheel::any_due(time_point now) noexcept {
    std::lock_guard hold(lock_);
    const std::uint64_t reached = reached_at(now);
    position where{};
    if (!next_position(where) || where.tick > reached) return false;
    const timer* one = slots_[where.level][where.slot].first;
    while (one != nullptr && tick_of(one->deadline) > reached) one = one->next;
    return one != nullptr;
}

time_point timer_wheel::next() noexcept {
    std::lock_guard hold(lock_);
    const std::uint64_t tick = next_tick();
    const auto last = static_cast<std::uint64_t>(never.time_since_epoch().count() - origin_);
    if (tick > last >> tick_shift) return never;
    return time_point(duration(origin_ + static_cast<std::int64_t>(tick << tick_shift)));
}

}  // namespace twill::inline TWILL_ABI::detail
