#include "twill/map/halt_policy.hpp"

#include <charconv>
#include <memory>
#include <system_error>

namespace twill_command {
namespace {

// Of fewer jobs, a share says nothing.
constexpr std::size_t least_for_percent = 3;

// "3", "20%": into `policy`. False if it is none.
bool parse_count(std::string_view text, halt_policy& policy) {
    const char* const end = std::to_address(text.end());
    const auto [rest, error] = std::from_chars(std::to_address(text.begin()), end, policy.count);
    if (error != std::errc() || policy.count == 0) return false;
    policy.is_percent = rest + 1 == end && *rest == '%';
    return rest == end || (policy.is_percent && policy.count <= 100);
}

}  // namespace

bool halt_policy::is_reached(bool this_failed, std::size_t ended,
                             std::size_t failed) const noexcept {
    if (what == action::never) return false;
    if (why != reason::done && this_failed != (why == reason::fail)) return false;
    const std::size_t seen = why == reason::done   ? ended
                             : why == reason::fail ? failed
                                                   : ended - failed;
    if (!is_percent) return seen >= count;
    return seen >= least_for_percent && 100 * seen >= count * ended;
}

std::optional<halt_policy> parse_halt(std::string_view text) {
    halt_policy policy;
    if (text == "never") return policy;
    const auto comma = text.find(',');
    if (comma == std::string_view::npos) return std::nullopt;
    const std::string_view when = text.substr(0, comma);
    text.remove_prefix(comma + 1);
    const std::string_view why = text.substr(0, text.find('='));
    text.remove_prefix(why.size());
    if (when == "soon")
        policy.what = halt_policy::action::soon;
    else if (when == "now")
        policy.what = halt_policy::action::now;
    else
        return std::nullopt;
    if (why == "success")
        policy.why = halt_policy::reason::success;
    else if (why == "done")
        policy.why = halt_policy::reason::done;
    else if (why != "fail")
        return std::nullopt;
    if (!text.empty() && !parse_count(text.substr(1), policy)) return std::nullopt;
    return policy;
}

}  // namespace twill_command
