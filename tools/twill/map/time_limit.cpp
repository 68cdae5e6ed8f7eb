#include "twill/map/time_limit.hpp"

#include "twill/common/units.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <system_error>

namespace twill_command {

time_limit time_limit::of_median(double percent) noexcept {
    time_limit made;
    made.percent_ = percent;
    return made;
}

std::optional<time_limit> time_limit::parse(std::string_view text) {
    if (!text.ends_with('%')) {
        const auto fixed = parse_duration(text);
        if (!fixed) return std::nullopt;
        return time_limit(*fixed);
    }
    text.remove_suffix(1);
    double percent = 0;
    const char* const end = std::to_address(text.end());
    const auto [rest, error] = std::from_chars(std::to_address(text.begin()), end, percent);
    constexpr double most = 1e6;
    if (error != std::errc() || rest != end || !(percent > 100) || percent > most)
        return std::nullopt;
    return of_median(percent);
}

void time_limit::note(twill::duration took) noexcept {
    if (!may_change()) return;
    latest_[next_] = took;
    next_ = (next_ + 1) % latest_.size();
    known_ = std::min(known_ + 1, latest_.size());
    if (known_ < least_known) return;
    auto sorted = latest_;
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(known_ / 2);
    std::nth_element(sorted.begin(), middle, sorted.begin() + static_cast<std::ptrdiff_t>(known_));
    fixed_ = twill::duration(std::llround(static_cast<double>(middle->count()) * percent_ / 100));
}

}  // namespace twill_command
