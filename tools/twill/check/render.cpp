#include "twill/check/render.hpp"

#include "twill/check/places.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string_view>

namespace twill_command::check {
namespace {

// Of frames in the standard library only the outermost one that the program called is shown.
void put_stack(std::string& into, const stack& where) {
    bool own_seen = false;
    for (std::size_t i = 0; i < where.size(); ++i) {
        const frame& each = where[i];
        if (of_the_standard_library(each)) {
            const bool last = i + 1 == where.size() || !of_the_standard_library(where[i + 1]);
            if (own_seen || !last) continue;
        } else {
            own_seen = true;
        }
        into += fmt::format("      {}{}\n", text_of(each), each.inlined ? " (inlined)" : "");
    }
}

void put_threads(std::string& into, const failing_run& run) {
    for (const auto& each : run.threads) {
        if (each.ended) continue;
        into += fmt::format("\n  {} {}", thread_name(run, each.index), each.doing);
        if (each.waits_for && !each.waits_for_end)
            into += fmt::format(", held by {}", thread_name(run, *each.waits_for));
        into += "\n";
        const bool shown = std::ranges::any_of(run.findings, [&](const finding_account& found) {
            return found.ended_run && found.kind == "crash" && found.thread == each.index;
        });
        if (!shown) put_stack(into, each.where);
    }
}

constexpr std::size_t shown_of_stretch = 6;
constexpr std::size_t most_columns = 4;
constexpr std::size_t column_width = 46;

std::string cell(const step_account& step) {
    // Where a thread ends is in libc.
    auto text = step.doing == "ends" ? std::string() : short_place(step.where);
    if (!text.empty()) text += "  ";
    text += step.doing;
    if (step.waited) text += " (had to wait)";
    return text;
}

void put_row(std::string& into, std::size_t column, std::string_view text) {
    into += fmt::format("  {:{}}{}\n", "", column * column_width, text);
}

// A column a thread, if they are few; time goes down.
void put_interleaving(std::string& into, const failing_run& run) {
    std::set<unsigned> involved;
    for (const auto& each : run.steps) involved.insert(each.thread);
    const bool columns = involved.size() <= most_columns;
    const auto column_of = [&](unsigned thread) {
        return columns ? static_cast<std::size_t>(
                             std::distance(involved.begin(), involved.find(thread)))
                       : 0;
    };
    std::string head = "  ";
    if (columns)
        for (const unsigned thread : involved)
            head += fmt::format("{:{}}", thread_name(run, thread), column_width);
    head.erase(head.find_last_not_of(' ') + 1);
    into += fmt::format("\nThe interleaving, {} steps:\n\n{}\n", run.steps.size(), head);
    for (std::size_t i = 0; i < run.steps.size();) {
        std::size_t end = i;
        while (end < run.steps.size() && run.steps[end].thread == run.steps[i].thread) ++end;
        const unsigned thread = run.steps[i].thread;
        const auto prefix = columns ? std::string() : thread_name(run, thread) + ": ";
        const bool cut = end - i > shown_of_stretch;
        for (std::size_t at = i; at < end; ++at) {
            if (cut && at == i + 2) {
                const std::size_t left_out = end - i - shown_of_stretch + 1;
                put_row(into, column_of(thread),
                        fmt::format("{}... {} more steps", prefix, left_out));
                at += left_out;
            }
            put_row(into, column_of(thread), prefix + cell(run.steps[at]));
        }
        i = end;
    }
    if (run.steps_cut) into += "  ... and more, which were not kept\n";
}

// Whether the program wrote no more than the summary of a finding has.
bool is_told(std::string_view output, const failing_run& run) {
    while (output.ends_with('\n')) output.remove_suffix(1);
    return std::ranges::any_of(run.findings, [&](const finding_account& each) {
        return each.summary.find(output) != std::string::npos;
    });
}

bool needs_quotes(std::string_view word) {
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+@%";
    return word.empty() || word.find_first_not_of(plain) != std::string_view::npos;
}

// 1234567 -> "1,234,567".
std::string grouped(std::uint64_t number) {
    auto text = fmt::format("{}", number);
    for (std::size_t from_end = 3; from_end < text.size(); from_end += 4)
        text.insert(text.size() - from_end, 1, ',');
    return text;
}

// "1 schedule", "2,000 schedules"; `rounded`: to three digits.
std::string counted(std::uint64_t many, std::string_view what, bool rounded) {
    std::uint64_t unit = 1;
    while (rounded && many / unit >= 1000) unit *= 10;
    return fmt::format("{} {}{}", grouped(many / unit * unit), what, many == 1 ? "" : "s");
}

}  // namespace

std::string thread_name(const failing_run& run, unsigned index) {
    for (const auto& each : run.threads)
        if (each.index == index && !each.name.empty())
            return fmt::format("thread {} ({})", index, each.name);
    return index == 0 ? "thread 0 (main)" : fmt::format("thread {}", index);
}

std::string refusal_of(const result& all) {
    if (all.is_replay || all.failures.size() != 1) return {};
    const auto& run = all.failures.front();
    const auto& found = run.findings.front();
    if (found.kind != "stuck" && found.kind != "too-large") return {};
    return run.number == 1 ? found.summary
                           : fmt::format("schedule {}: {}", grouped(run.number), found.summary);
}

std::string command_line_of(const std::vector<std::string>& words) {
    std::string line;
    for (const auto& word : words) {
        if (!line.empty()) line += ' ';
        if (!needs_quotes(word)) {
            line += word;
            continue;
        }
        line += '\'';
        for (const char each : word)
            line += each == '\'' ? std::string("'\\''") : std::string(1, each);
        line += '\'';
    }
    return line;
}

std::string text_of_limits(const result& of) {
    return fmt::format("twill check: {} ({})\n", command_line_of(of.program),
                       of.points == "memory"
                           ? "memory mode; what it cannot see: twill check --help"
                           : "sync mode: data races are not seen; what else: twill check --help");
}

std::string text_of(const failing_run& run, const result& in) {
    std::string text;
    for (const auto& each : run.findings) {
        text += fmt::format("\n{}\n", each.summary);
        if (each.kind != "deadlock" && each.kind != "livelock") put_stack(text, each.here);
        // Of a lost signal all is said of the other.
        if (each.other && each.kind != "lost-signal") {
            text += fmt::format("    the other: {}\n", thread_name(run, *each.other));
            put_stack(text, each.there);
        }
        if (!each.memory.empty()) text += fmt::format("    {}\n", each.memory);
        put_stack(text, each.allocated);
    }
    put_threads(text, run);
    if (!run.steps.empty()) put_interleaving(text, run);
    if (!run.output.empty() && !is_told(run.output, run))
        text += fmt::format("\nThe program wrote:\n{}\n", run.output);
    text += fmt::format("\nFound in schedule {} (seed {}). To repeat it:\n", run.number, in.seed);
    text += fmt::format("  twill check --replay {} -- {}\n",
                        command_line_of({run.saved_to.empty() ? run.schedule : run.saved_to}),
                        command_line_of(in.program));
    return text;
}

std::string text_of_note(const failing_run& run) {
    const auto& first = run.findings.front();
    return fmt::format("schedule {}: {}; looking on for worse{}\n", grouped(run.number),
                       first.summary,
                       first.kind == "exit-status" ? " (if it always ends so: --exit-status)" : "");
}

std::string text_of_end(const result& all) {
    std::string text;
    for (const auto& rule : all.unused_rules)
        text += fmt::format("twill check: {}: this rule matched nothing: {} {}\n",
                            rule.place_in_file, rule.kind, rule.where);
    text += fmt::format("twill check: {}", counted(all.schedules, "schedule", false));
    if (all.is_replay && all.schedules > 1)
        text += all.unlike == 0 ? std::string(", all alike")
                                : fmt::format(", {} of them unlike the first", grouped(all.unlike));
    if (all.schedules > 1 && all.interleavings != 0)
        text += fmt::format(
            ", {}{}{}", all.interleavings_estimated ? "about " : "",
            counted(all.interleavings, "distinct interleaving", all.interleavings_estimated),
            all.failures.empty() ? "" : " came to their end");
    if (all.failures.empty()) {
        text +=
            fmt::format(", nothing {}found; this is no proof", all.suppressed != 0 ? "else " : "");
    } else {
        std::vector<std::string> kinds;
        for (const auto& run : all.failures)
            for (const auto& each : run.findings)
                if (std::ranges::find(kinds, each.kind) == kinds.end()) kinds.push_back(each.kind);
        text += fmt::format("; found: {}", fmt::join(kinds, ", "));
    }
    if (all.suppressed != 0) text += fmt::format("; suppressed: {}", all.suppressed);
    if (all.left_behind) text += "; a run that had not ended was left behind";
    text += fmt::format(" ({:.1f} s", all.seconds);
    // Of few, it says how long the report took.
    if (all.schedules >= 100 && all.seconds > 0)
        text += fmt::format(
            ", {} a second",
            grouped(static_cast<std::uint64_t>(static_cast<double>(all.schedules) / all.seconds)));
    return text + ")\n";
}

}  // namespace twill_command::check
