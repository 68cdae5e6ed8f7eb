#include <twill/async/rate_limiter.hpp>

#include <twill/core/cancelled.hpp>
#include <twill/core/error.hpp>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <string>

namespace twill::inline TWILL_ABI {
namespace {

double checked(const rate_limiter_options& options) {
    if (!(options.rate >= 1.0 / 86'400 && options.rate <= 1e9))
        throw usage_error("rate_limiter with a rate of " + std::to_string(options.rate) +
                          " a second: it must lie between one a day and a billion a second");
    if (options.burst == 0)
        throw usage_error("rate_limiter with a burst of 0: nothing could ever pass");
    return 1e9 / options.rate;
}

}  // namespace

rate_limiter::rate_limiter(rate_limiter_options options)
    : nanoseconds_each_(checked(options)), depth_(cost(options.burst)) {}

duration rate_limiter::cost(std::uint32_t permits) const noexcept {
    // At most 2^32 times a day, 117 million years: more than a duration holds.
    static constexpr double most = 9e18;
    return duration(static_cast<duration::rep>(
        std::min(most, std::ceil(nanoseconds_each_ * static_cast<double>(permits)))));
}

rate_limiter::reservation rate_limiter::reserve(std::uint32_t permits, time_point at) noexcept {
    const duration length = cost(permits);
    std::lock_guard hold(lock_);
    full_at_ = after(std::max(full_at_, at), length);
    // It may be used when the bucket holds it; one that never does waits for a full one.
    return {full_at_ - std::max(depth_, length), full_at_, length};
}

bool rate_limiter::give_back(const reservation& last) noexcept {
    std::lock_guard hold(lock_);
    if (full_at_ != last.full) return false;
    full_at_ -= last.length;
    return true;
}

bool rate_limiter::try_acquire(std::uint32_t permits) noexcept {
    const time_point at = now();
    const duration length = cost(permits);
    std::lock_guard hold(lock_);
    const time_point full = after(std::max(full_at_, at), length);
    if (full - std::max(depth_, length) > at) return false;
    full_at_ = full;
    return true;
}

task<> rate_limiter::acquire(std::uint32_t permits) {
    const time_point at = now();
    const reservation mine = reserve(permits, at);
    if (mine.at <= at) co_return;
    try {
        co_await sleep_until(mine.at);
    } catch (const cancelled&) {
        give_back(mine);
        throw;
    }
}

}  // namespace twill::inline TWILL_ABI
