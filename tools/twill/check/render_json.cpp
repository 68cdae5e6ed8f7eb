#include "twill/check/render.hpp"

#include <nlohmann/json.hpp>

namespace twill_command::check {
namespace {

using nlohmann::json;

json json_of(const stack& where) {
    json all = json::array();
    for (const auto& each : where) {
        json one = {{"module", each.module}, {"offset", each.offset}};
        if (!each.function.empty()) one["function"] = each.function;
        if (!each.file.empty()) one["file"] = each.file;
        if (each.line != 0) one["line"] = each.line;
        if (each.inlined) one["inlined"] = true;
        all.push_back(std::move(one));
    }
    return all;
}

json json_of(const finding_account& found) {
    json one = {{"kind", found.kind},
                {"summary", found.summary},
                {"thread", found.thread},
                {"ended_run", found.ended_run},
                {"stack", json_of(found.here)}};
    if (found.other) {
        one["other_thread"] = *found.other;
        one["other_stack"] = json_of(found.there);
    }
    if (!found.object.empty()) one["object"] = found.object;
    if (!found.memory.empty()) one["memory"] = found.memory;
    if (!found.allocated.empty()) one["allocated"] = json_of(found.allocated);
    return one;
}

json json_of(const thread_account& thread) {
    json one = {{"thread", thread.index},
                {"state", thread.ended     ? "ended"
                          : thread.blocked ? "blocked"
                                           : "ready"},
                {"doing", thread.doing},
                {"stack", json_of(thread.where)}};
    if (!thread.name.empty()) one["name"] = thread.name;
    if (thread.waits_for) one["waits_for"] = *thread.waits_for;
    return one;
}

json json_of(const step_account& step) {
    return {{"thread", step.thread},
            {"doing", step.doing},
            {"waited", step.waited},
            {"time_ns", step.time_ns},
            {"stack", json_of(step.where)}};
}

json json_of(const failing_run& run) {
    json one = {{"number", run.number},      {"schedule", run.schedule}, {"output", run.output},
                {"findings", json::array()}, {"threads", json::array()}, {"steps", json::array()}};
    if (!run.strategy.empty()) one["strategy"] = run.strategy;
    if (!run.points.empty()) one["points"] = run.points;
    if (!run.saved_to.empty()) one["replay_file"] = run.saved_to;
    for (const auto& each : run.findings) one["findings"].push_back(json_of(each));
    for (const auto& each : run.threads) one["threads"].push_back(json_of(each));
    for (const auto& each : run.steps) one["steps"].push_back(json_of(each));
    return one;
}

}  // namespace

std::string json_of(const result& all) {
    json made = {{"program", all.program},
                 {"seed", all.seed},
                 {"schedules", all.schedules},
                 {"seconds", all.seconds},
                 {"left_behind", all.left_behind},
                 {"mode", all.points},
                 {"not_seen", all.unseen},
                 {"interleavings", all.interleavings},
                 {"interleavings_estimated", all.interleavings_estimated},
                 {"suppressed", all.suppressed},
                 {"unused_suppressions", json::array()},
                 {"failures", json::array()}};
    if (all.is_replay) made["unlike_replays"] = all.unlike;
    for (const auto& rule : all.unused_rules)
        made["unused_suppressions"].push_back(
            {{"rule", rule.place_in_file}, {"kind", rule.kind}, {"where", rule.where}});
    for (const auto& each : all.failures) made["failures"].push_back(json_of(each));
    // What a program wrote may be no UTF-8.
    return made.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace twill_command::check
