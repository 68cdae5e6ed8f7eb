#include "http_admission.hpp"

#include <mutex>

namespace twill::inline TWILL_ABI::detail {

using state = http_applicant::state;

bool http_admission::arrive(http_applicant& who, time_point now) noexcept {
    const std::lock_guard hold(lock_);
    who.came = now;
    look(now);
    if (running_ < most_) {
        who.is = state::admitted;
        ++running_;
        ++admitted_;
        return true;
    }
    who.is = state::waiting;
    who.older = newest_;
    who.newer = nullptr;
    (newest_ != nullptr ? newest_->newer : oldest_) = &who;
    newest_ = &who;
    ++waiting_;
    refuse_old(now);
    return false;
}

void http_admission::leave(http_applicant& who, time_point now) noexcept {
    const std::lock_guard hold(lock_);
    who.is = state::none;
    --running_;
    look(now);
    admit(now);
    refuse_old(now);
}

bool http_admission::withdraw(http_applicant& who, bool refused, time_point now) noexcept {
    const std::lock_guard hold(lock_);
    if (who.is == state::admitted) return true;
    if (who.is == state::waiting) {
        take_out(who, now);
        who.is = state::refused;
        if (refused) count_refused(now);
    }
    return false;
}

// Whether it is overloaded.
void http_admission::look(time_point now) noexcept {
    if (newest_ == nullptr) last_empty_ = now;
    if (!overloaded_ && now - last_empty_ > interval_) {
        overloaded_ = true;
        last_refused_ = now;
    } else if (overloaded_ && now - last_refused_ > interval_) {
        overloaded_ = false;
        last_empty_ = now;
    }
}

void http_admission::count_refused(time_point now) noexcept {
    ++refused_;
    last_refused_ = now;
}

void http_admission::take_out(http_applicant& who, time_point now) noexcept {
    (who.older != nullptr ? who.older->newer : oldest_) = who.newer;
    (who.newer != nullptr ? who.newer->older : newest_) = who.older;
    --waiting_;
    if (newest_ == nullptr) last_empty_ = now;
}

// The lock is held: whoever waits for the event takes it before the entry goes.
void http_admission::decide(http_applicant& who, state how, time_point now) noexcept {
    take_out(who, now);
    who.is = how;
    who.decided.set();
}

void http_admission::admit(time_point now) noexcept {
    while (newest_ != nullptr && running_ < most_) {
        ++running_;
        ++admitted_;
        decide(overloaded_ ? *newest_ : *oldest_, state::admitted, now);
    }
}

void http_admission::refuse_old(time_point now) noexcept {
    while (overloaded_ && oldest_ != nullptr && now - oldest_->came > target_) {
        count_refused(now);
        decide(*oldest_, state::refused, now);
    }
}

http::load_figures http_admission::figures() const noexcept {
    const std::lock_guard hold(lock_);
    return {running_, waiting_, admitted_, refused_};
}

}  // namespace twill::inline TWILL_ABI::detail
