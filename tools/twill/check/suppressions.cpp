#include "twill/check/suppressions.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string_view>

namespace twill_command::check {
namespace {

bool matches(const std::string& glob, const std::string& text) {
    return ::fnmatch(glob.c_str(), text.c_str(), 0) == 0;
}

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

// Without its parameters.
std::string name_alone(std::string function) {
    constexpr std::string_view unnamed = "(anonymous namespace)::";
    for (auto at = function.find(unnamed); at != std::string::npos; at = function.find(unnamed))
        function.erase(at, unnamed.size());
    return function.substr(0, function.find('('));
}

// A function is matched with its parameters and without, from any of its namespaces on; a file by
// its path, from any folder on, and with its line.
bool matches(const std::string& glob, const frame& at) {
    if (!at.function.empty()) {
        const auto name = name_alone(at.function);
        if (matches(glob, at.function) || matches(glob, name) || matches("*::" + glob, name))
            return true;
    }
    const auto& path = at.file.empty() ? at.module : at.file;
    for (const auto& file : {path, fmt::format("{}:{}", path, at.line)})
        if (matches(glob, file) || matches("*/" + glob, file)) return true;
    return false;
}

bool matches(const std::string& glob, const stack& all) {
    return std::ranges::any_of(all, [&](const frame& each) { return matches(glob, each); });
}

std::vector<std::string> all_kinds() {
    using twill::check::finding_kind;
    std::vector<std::string> all;
    for (auto kind = static_cast<std::uint32_t>(finding_kind::signal);
         kind != static_cast<std::uint32_t>(finding_kind::not_reproducible); ++kind)
        all.emplace_back(name_of(static_cast<finding_kind>(kind)));
    return all;
}

void refuse_unknown_kind(const suppression& rule) {
    const auto kinds = all_kinds();
    if (std::ranges::any_of(kinds, [&](const auto& each) { return matches(rule.kind, each); }))
        return;
    throw start_failure{fmt::format("--suppress {}: no finding is of the kind '{}'; there are: {}",
                                    rule.place_in_file, rule.kind, fmt::join(kinds, ", "))};
}

}  // namespace

suppressions::suppressions(const std::string& path) {
    std::ifstream file(path);
    if (!file) throw start_failure{fmt::format("--suppress {}: cannot be read", path)};
    std::string line;
    for (unsigned number = 1; std::getline(file, line); ++number) {
        std::string_view rest = trimmed(line);
        if (rest.empty() || rest.starts_with('#')) continue;
        suppression rule;
        rule.place_in_file = fmt::format("{}:{}", path, number);
        rule.kind = rest.substr(0, rest.find_first_of(" \t"));
        rest.remove_prefix(rule.kind.size());
        rule.where = trimmed(rest.substr(0, std::min(rest.find(" #"), rest.find("\t#"))));
        refuse_unknown_kind(rule);
        if (rule.where.empty())
            throw start_failure{
                fmt::format("--suppress {}: behind the kind, say in which function or file; "
                            "'{} *' is everywhere",
                            rule.place_in_file, rule.kind)};
        rules_.push_back(std::move(rule));
    }
    if (file.bad()) throw start_failure{fmt::format("--suppress {}: cannot be read", path)};
}

bool suppressions::match(const finding_account& found, const failing_run& run) {
    for (auto& rule : rules_) {
        if (!matches(rule.kind, found.kind)) continue;
        // A deadlock is where threads wait; what ends without a stack is anywhere.
        const bool by_threads = found.kind == "deadlock" || found.kind == "livelock";
        const bool here =
            rule.where == "*" || matches(rule.where, found.here) ||
            matches(rule.where, found.there) || matches(rule.where, found.allocated) ||
            (by_threads && std::ranges::any_of(run.threads, [&](const thread_account& each) {
                 return !each.ended && matches(rule.where, each.where);
             }));
        if (!here) continue;
        ++rule.used;
        return true;
    }
    return false;
}

std::size_t suppressions::apply(failing_run& run) {
    // Asked for each first: a rule on what ended the run looks at the run as it was.
    std::vector<finding_account> left;
    for (const auto& each : run.findings)
        if (!match(each, run)) left.push_back(each);
    const std::size_t taken = run.findings.size() - left.size();
    run.findings = std::move(left);
    return taken;
}

}  // namespace twill_command::check
