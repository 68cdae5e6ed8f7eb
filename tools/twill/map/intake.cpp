#include "twill/map/intake.hpp"

#include <optional>

namespace twill_command {

twill::task<planned_job> intake::next(std::size_t at_once) {
    // A command line takes more, but not everywhere much more.
    constexpr std::size_t enough_bytes = 65536;
    planned_job made;
    std::size_t bytes = 0;
    const auto total = inputs_.total();
    const std::size_t wanted = batch_.next(
        total ? std::optional(*total - static_cast<std::size_t>(taken_)) : std::nullopt, at_once);
    while (made.inputs.size() < wanted && bytes < enough_bytes) {
        // Those that are here need not wait for those that may come.
        const bool has_some = !made.inputs.empty();
        if (has_some && batch_.is_automatic() && !inputs_.has_one_at_hand()) break;
        const auto next = co_await inputs_.next();
        if (!next) break;
        bytes += next->bytes.size() + 1;
        take(*next, made);
    }
    co_return made;
}

void intake::take(const input& next, planned_job& into) {
    job_name name{.number = ++taken_, .turn = turns_given_, .id = {}};
    if (records_.is_active()) {
        name.id = records_.identify(next.bytes);
        if (records_.is_done(name.id)) {
            ++control_.outcome.counts.skipped;
            return;
        }
    }
    ++turns_given_;
    if (next.what_is_wrong == input::flaw::none) {
        into.names.push_back(name);
        into.inputs.emplace_back(next.bytes);
        return;
    }
    refuse_({.names = {name}, .inputs = {std::string(next.bytes)}},
            next.what_is_wrong == input::flaw::too_long
                ? "the input is longer than the system allows for an argument"
                : "the input holds a NUL byte; are inputs NUL-separated (-0)?");
}

}  // namespace twill_command
