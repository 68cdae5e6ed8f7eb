// So many a second, and no more.
//
//     twill::rate_limiter limit({.rate = 100, .burst = 10});    // 100 a second, 10 at once
//     for (auto& item : items) {
//         co_await limit.acquire();
//         co_await push(item);
//     }
//     if (!limit.try_acquire()) co_return too_many_requests();
//
// A token bucket kept as one number, the time at which it will be full again (the "generic cell
// rate algorithm"): to acquire is to move that time, and to wait until it is no more than a burst
// away. So the order of service is the order of the calls, and no task is woken in vain.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/task.hpp>
#include <twill/core/time.hpp>

#include <cstdint>
#include <optional>

namespace twill::inline TWILL_ABI {

struct rate_limiter_options {
    // Permits a second, in the long run; a whole number of nanoseconds each, rounded up.
    double rate;
    // Permits that may be taken at once after a pause.
    std::uint32_t burst = 1;
};

// Any number of tasks and threads.
class TWILL_API rate_limiter {
public:
    // Full in the beginning. Throws usage_error unless the rate lies between one a day and a
    // billion a second, and the burst is at least one.
    explicit rate_limiter(rate_limiter_options options);

    // Suspends until `permits` may be used. First come, first served. More than `burst` at once are
    // allowed: they wait for the bucket to be full and leave it in debt. Cancelled while it waits:
    // throws `cancelled`; the permits are given back if nobody came after, else they are lost,
    // since the others have their times already. Any runtime.
    [[nodiscard]] task<> acquire(std::uint32_t permits = 1);

    // Takes them if that needs no waiting. Any thread.
    [[nodiscard]] bool try_acquire(std::uint32_t permits = 1) noexcept;

    // The same as numbers, for those who wait in their own ways.
    struct reservation {
        time_point at;    // when the permits may be used
        time_point full;  // names the reservation in `give_back`
        duration length;  // what it takes off the rate
    };
    // At `at`, the time now. Any thread.
    reservation reserve(std::uint32_t permits, time_point at) noexcept;
    // Undoes the latest reservation; of any other nothing is given back, and it returns false.
    bool give_back(const reservation& last) noexcept;

private:
    [[nodiscard]] duration cost(std::uint32_t permits) const noexcept;

    const double nanoseconds_each_;
    const duration depth_;  // the time of a whole burst
    futex_mutex lock_;
    time_point full_at_ = time_point::min();  // guarded by lock_
};

}  // namespace twill::inline TWILL_ABI
