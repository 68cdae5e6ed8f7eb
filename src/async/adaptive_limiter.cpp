#include <twill/async/adaptive_limiter.hpp>

#include <twill/core/error.hpp>

#include <mutex>

namespace twill::inline TWILL_ABI {

using detail::adaptive_outcome;

namespace detail {

bool is_timeout(const std::exception_ptr& error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const timed_out&) {
        return true;
    } catch (...) {
        return false;
    }
}

}  // namespace detail

adaptive_call::adaptive_call(detail::held_permits place) noexcept
    : in_(static_cast<adaptive_limiter::places*>(place.from())->of), began_(in_->begun()) {
    place.keep();
}

void adaptive_call::end(adaptive_outcome how, const call_sample* did) noexcept {
    if (in_ != nullptr) std::exchange(in_, nullptr)->ended(began_, how, did);
}

adaptive_limiter::adaptive_limiter(const adaptive_options& options)
    : most_(options.most),
      control_(options, now()),
      permits_(options.start),
      places_(*this, options.start) {}

time_point adaptive_limiter::begun() noexcept {
    std::lock_guard hold(lock_);
    const time_point at = now();  // under the lock: the controller's time never goes back
    control_.begun(at);
    return at;
}

void adaptive_limiter::ended(time_point began, adaptive_outcome how,
                             const call_sample* did) noexcept {
    std::size_t given = 0;
    {
        std::lock_guard hold(lock_);
        const time_point at = now();
        if (how == adaptive_outcome::unknown)
            control_.ended_unmeasured(began, at);
        else if (did != nullptr)
            control_.ended(began, at, *did);
        else
            control_.ended(
                began, at,
                {.blocked = at - began, .overloaded = how == adaptive_outcome::overloaded});
        const std::size_t limit = control_.limit();
        --permits_;  // that of the call
        while (permits_ > limit && places_.try_take(1)) --permits_;
        if (permits_ < limit) given = limit - permits_;
        permits_ += given;
    }
    if (given != 0) places_.give_back(given);
}

std::size_t adaptive_limiter::limit() const noexcept {
    std::lock_guard hold(lock_);
    return control_.limit();
}

std::vector<adaptive_decision> adaptive_limiter::decisions() const {
    std::lock_guard hold(lock_);
    return control_.decisions();
}

}  // namespace twill::inline TWILL_ABI
