#include <twill/core/error.hpp>
#include <twill/core/reactor.hpp>
#include <twill/core/sleep.hpp>

#include <mutex>

namespace twill::inline TWILL_ABI::detail {

bool sleep_operation::start() noexcept {
    if (deadline == time_point::min()) {
        complete();
        return false;
    }
    if (owner().home().arm(*this)) return false;
    cut_short_ = true;
    return true;
}

void sleep_operation::cancel() noexcept {
    if (!owner().home().disarm(*this)) return;
    cut_short_ = true;
    complete();
}

void sleep_operation::expired(timer& self) noexcept {
    static_cast<sleep_operation&>(self).complete();
}

// The clock is watched before it is looked at: if it is set after the look, it is told.
bool wall_sleep_operation::start() noexcept {
    reactor& io = owner().home().io();
    unwatched_ = io.watch_clock(*this);
    if (unwatched_ != 0) return true;
    {
        std::lock_guard hold(lock_);
        if (!cut_short_ && wall_now() < until_) {
            at_ = state::armed;
            arm_again();
            return false;
        }
        at_ = state::over;
    }
    io.unwatch_clock(*this);
    return true;
}

// Under the lock, while the timer is idle or has fired.
void wall_sleep_operation::arm_again() noexcept {
    const wall_time at = wall_now();
    deadline = at < until_ ? after(now(), until_ - at) : now();
    static_cast<void>(owner().home().arm(*this));
}

// By who has made it `over`.
void wall_sleep_operation::end() noexcept {
    owner().home().io().unwatch_clock(*this);
    complete();
}

void wall_sleep_operation::cancel() noexcept {
    {
        std::lock_guard hold(lock_);
        if (at_ == state::over) return;
        cut_short_ = true;
        // `start` finds it, or the timer that has fired does.
        if (at_ == state::fresh || !owner().home().disarm(*this)) return;
        at_ = state::over;
    }
    end();
}

void wall_sleep_operation::clock_was_set() noexcept {
    std::lock_guard hold(lock_);
    // If it has fired already, `expired` looks at the clock.
    if (at_ == state::armed && !cut_short_ && owner().home().disarm(*this)) arm_again();
}

void wall_sleep_operation::expired(timer& self) noexcept {
    auto& it = static_cast<wall_sleep_operation&>(self);
    {
        std::lock_guard hold(it.lock_);
        if (!it.cut_short_ && wall_now() < it.until_) return it.arm_again();
        it.at_ = state::over;
    }
    it.end();
}

void wall_sleep_operation::await_resume() const {
    throw_if_refused();
    if (unwatched_ != 0) throw io_error("watch", "the wall clock", unwatched_);
    if (cut_short_) throw cancelled();
}

bool yield_operation::start() noexcept {
    complete();
    return false;
}

}  // namespace twill::inline TWILL_ABI::detail
