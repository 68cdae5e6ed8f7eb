#include <twill/async/retry.hpp>

#include <twill/core/error.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace twill::inline TWILL_ABI {

retry_budget::retry_budget(double share, unsigned reserve)
    : share_(std::lround(std::clamp(share, 0.0, 1000.0) * whole)),
      most_(std::int64_t{reserve} * whole),
      balance_(most_) {
    if (!(share >= 0.0 && share <= 1000.0))
        throw usage_error("retry_budget with a share of " + std::to_string(share) +
                          ": it must be from 0 to 1000");
    if (reserve > 1'000'000)
        throw usage_error("retry_budget with a reserve of " + std::to_string(reserve) +
                          ": it must be at most 1000000");
}

// All orders relaxed: the balance guards no other data.
void retry_budget::deposit() noexcept {
    std::int64_t seen = balance_.load(std::memory_order_relaxed);
    while (seen < most_ && !balance_.compare_exchange_weak(seen, std::min(seen + share_, most_),
                                                           std::memory_order_relaxed)) {
    }
}

bool retry_budget::withdraw() noexcept {
    std::int64_t seen = balance_.load(std::memory_order_relaxed);
    while (seen >= whole)
        if (balance_.compare_exchange_weak(seen, seen - whole, std::memory_order_relaxed))
            return true;
    return false;
}

namespace detail {
namespace {

bool is_mistake(const std::exception_ptr& error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const std::logic_error&) {
        return true;
    } catch (...) {
        return false;
    }
}

}  // namespace

retry_plan::retry_plan(const retry_options& how) : how_(how), dice_(random_seed()) {
    if (how.first_delay < duration::zero() || how.longest_delay < duration::zero())
        throw usage_error("retry with a negative delay: the shortest is zero");
    if (how.budget != nullptr) how.budget->deposit();
}

duration retry_plan::longest_wait(const retry_options& how, unsigned retry) noexcept {
    duration wait = how.first_delay;
    for (unsigned i = 0; i < retry && wait < how.longest_delay && wait != duration::zero(); ++i)
        wait = wait > duration::max() / 2 ? duration::max() : 2 * wait;
    return std::min(wait, how.longest_delay);
}

std::optional<duration> retry_plan::after_failure(const std::exception_ptr& error) {
    const unsigned retry = failures_++;
    if (failures_ == how_.attempts) return std::nullopt;
    if (how_.retry_on ? !how_.retry_on(error) : is_mistake(error)) return std::nullopt;
    if (how_.budget != nullptr && !how_.budget->withdraw()) return std::nullopt;
    const auto most = static_cast<double>(longest_wait(how_, retry).count());
    return duration(static_cast<duration::rep>(most * dice_.unit()));
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
