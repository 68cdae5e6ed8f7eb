#include "twill/map/halt_policy.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <system_error>
#include <utility>

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

bool halt_policy::is_reached(bool this_failed, const counts& now) const noexcept {
    if (what == action::never) return false;
    if (why != reason::done && this_failed != (why == reason::fail)) return false;
    const std::size_t seen = why == reason::done   ? now.ended
                             : why == reason::fail ? now.failed
                                                   : now.ended - now.failed;
    if (!is_percent) return seen >= count;
    if (now.all) return 100 * seen >= count * *now.all;
    return why != reason::done && seen >= least_for_percent && 100 * seen >= count * now.ended;
}

int halt_policy::exit_status(int of_job, const counts& now) const noexcept {
    if (why == reason::success) return 0;
    if (is_percent) {
        const std::size_t all = std::max<std::size_t>(now.all.value_or(now.ended), 1);
        return static_cast<int>(std::min<std::size_t>((100 * now.failed + all - 1) / all, 100));
    }
    return count == 1 ? of_job : static_cast<int>(std::min<std::size_t>(now.failed, 101));
}

std::optional<halt_policy> parse_halt(std::string_view text) {
    constexpr std::pair<std::string_view, std::string_view> older[] = {{"0", "never"},
                                                                       {"1", "soon,fail=1"},
                                                                       {"2", "now,fail=1"},
                                                                       {"-1", "soon,success=1"},
                                                                       {"-2", "now,success=1"}};
    for (const auto& [short_form, same] : older)
        if (text == short_form) text = same;
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
