#include <twill/async/interval.hpp>

#include <twill/core/error.hpp>

#include <string>

namespace twill::inline TWILL_ABI {

interval::interval(duration period, interval_options options)
    : period_(period),
      missed_(options.missed),
      next_(options.first == never ? after(now(), period) : options.first) {
    if (period <= duration::zero())
        throw usage_error("interval with a period of " + std::to_string(period.count()) +
                          " ns: it must be longer than zero");
}

time_point interval::passed(time_point at) noexcept {
    const time_point due = next_;
    next_ = after(due, period_);
    if (at < next_) return due;
    if (missed_ == missed_ticks::delay) next_ = after(at, period_);
    if (missed_ == missed_ticks::skip) next_ = after(due, ((at - due) / period_ + 1) * period_);
    return due;
}

}  // namespace twill::inline TWILL_ABI
