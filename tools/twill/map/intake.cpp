#include "twill/map/intake.hpp"

#include <algorithm>
#include <optional>

namespace twill_command {

twill::task<planned_job> intake::next(std::size_t at_once) {
    // A command line takes more, but not everywhere much more.
    constexpr std::size_t enough_bytes = 65536;
    planned_job made;
    std::size_t bytes = 0;
    const auto total = inputs_.total();
    const std::size_t wanted = batch_.next(
        total ? std::optional(*total - std::min<std::size_t>(taken_, *total)) : std::nullopt,
        at_once);
    while (made.inputs.size() < wanted && bytes < enough_bytes) {
        // Those that are here need not wait for those that may come.
        const bool has_some = !made.inputs.empty();
        if (has_some && batch_.is_automatic() && !inputs_.has_one_at_hand()) break;
        const auto next = co_await inputs_.next();
        if (!next) break;
        bytes += next->bytes.size() + 1;
        take(*next, made);
        if (next->what_is_wrong == input::flaw::none) continue;
        // There may be many, of which nobody waits for the end. What is made here goes first.
        if (!made.inputs.empty()) break;
        co_await room_();
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
    refuse_({.names = {name}, .inputs = {std::string(next.bytes)}}, next.problem());
}

}  // namespace twill_command
