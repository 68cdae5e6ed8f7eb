#include "twill/common/units.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <system_error>

namespace twill_command {

std::optional<twill::duration> parse_duration(std::string_view text) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.begin(), text.end(), number);
    if (error != std::errc() || !std::isfinite(number) || number <= 0) return std::nullopt;
    const std::string_view unit(end, text.end());
    double seconds = 1;
    if (unit == "ms")
        seconds = 1e-3;
    else if (unit == "m")
        seconds = 60;
    else if (unit == "h")
        seconds = 3600;
    else if (!unit.empty() && unit != "s")
        return std::nullopt;
    constexpr double most = 1e9;  // 30 years
    const std::chrono::duration<double> length(std::min(number * seconds, most));
    return std::max(std::chrono::duration_cast<twill::duration>(length), twill::duration(1));
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.begin(), text.end(), number);
    if (error != std::errc() || !std::isfinite(number) || number < 0) return std::nullopt;
    std::string_view unit(end, text.end());
    if (unit.ends_with("iB")) unit.remove_suffix(2);
    constexpr std::string_view powers = "KMGT";
    const auto power = powers.find(unit.empty() || unit == "k" ? 'K' : unit.front());
    if (unit.size() > 1 || power == std::string_view::npos) return std::nullopt;
    if (!unit.empty()) number = std::ldexp(number, 10 * (static_cast<int>(power) + 1));
    constexpr double most = 1e18;
    if (number > most) return std::nullopt;
    return static_cast<std::uint64_t>(number);
}

}  // namespace twill_command
