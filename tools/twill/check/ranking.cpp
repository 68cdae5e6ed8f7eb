#include "twill/check/ranking.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace twill_command::check {
namespace {

// Of findings that do not end a run, from the worst to what may be meant. Others come before.
constexpr std::string_view from_bad_to_mild[] = {
    "data-race", "wrong-unlock", "lost-signal", "destroyed-in-use", "lock-order", "leaked-thread"};

std::ptrdiff_t mildness(const finding_account& of) {
    // The run came to its end: what else was noted in it may be why.
    if (of.kind == "exit-status") return -2;
    if (of.ended_run) return -3;
    const auto* const at = std::ranges::find(from_bad_to_mild, std::string_view(of.kind));
    return at == std::end(from_bad_to_mild) ? -1 : at - std::begin(from_bad_to_mild);
}

std::ptrdiff_t mildness(const failing_run& of) {
    return of.findings.empty() ? -1 : mildness(of.findings.front());
}

}  // namespace

void put_strongest_first(std::vector<finding_account>& findings) {
    std::multimap<std::ptrdiff_t, finding_account> sorted;
    for (auto& each : findings) sorted.emplace(mildness(each), std::move(each));
    findings.clear();
    for (auto& [ignored, each] : sorted) findings.push_back(std::move(each));
}

void keep_what_is_worth_telling(std::vector<failing_run>& runs) {
    std::ranges::sort(runs, {},
                      [](const auto& run) { return std::pair(mildness(run), run.number); });
    // If the program ends so each time, it has nothing to do with what was found.
    const bool failed = std::ranges::any_of(runs, [](const auto& run) {
        return !run.is_usual_end && !run.findings.empty() && run.findings.front().ended_run;
    });
    std::set<std::string> told;
    std::erase_if(runs, [&](failing_run& run) {
        if (failed && run.is_usual_end)
            std::erase_if(run.findings,
                          [](const auto& each) { return each.kind == "exit-status"; });
        if (!told.empty())
            std::erase_if(run.findings, [&](const auto& each) { return told.contains(each.kind); });
        for (const auto& each : run.findings) told.insert(each.kind);
        return run.findings.empty();
    });
}

}  // namespace twill_command::check
