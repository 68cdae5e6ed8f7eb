#include "twill/check/render.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>

namespace twill_command::check {
namespace {

std::string thread_name(const failing_run& run, unsigned index) {
    for (const auto& each : run.threads)
        if (each.index == index && !each.name.empty())
            return fmt::format("thread {} ({})", index, each.name);
    return fmt::format("thread {}", index);
}

// The frame that a reader thinks of: the innermost of the program itself, not of a header that it
// calls through.
const frame* own_place(const stack& where) {
    const frame* any = nullptr;
    for (const auto& each : where) {
        if (each.file.empty()) continue;
        if (any == nullptr) any = &each;
        if (!each.file.starts_with("/usr/") && each.file.find("/include/c++/") == std::string::npos)
            return &each;
    }
    return any;
}

std::string short_place(const stack& where) {
    const frame* const at = own_place(where);
    if (at == nullptr) return "";
    return fmt::format("{}:{}", std::filesystem::path(at->file).filename().string(), at->line);
}

bool of_the_standard_library(const frame& one) {
    return one.file.starts_with("/usr/include/") ||
           one.file.find("/include/c++/") != std::string::npos ||
           (one.file.empty() && one.module.find("/libstdc++.so") != std::string::npos);
}

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
        if (each.waits_for) into += fmt::format(", held by {}", thread_name(run, *each.waits_for));
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

bool needs_quotes(std::string_view word) {
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+@%";
    return word.empty() || word.find_first_not_of(plain) != std::string_view::npos;
}

}  // namespace

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
    return fmt::format("twill check: {} ({} mode). Not seen: {}.\n", command_line_of(of.program),
                       of.points, fmt::join(of.unseen, "; "));
}

std::string text_of(const failing_run& run, const result& in) {
    std::string text;
    for (const auto& each : run.findings) {
        text += fmt::format("\n{}\n", each.summary);
        if (each.kind != "deadlock" && each.kind != "livelock") put_stack(text, each.here);
        if (each.other) {
            text += fmt::format("    the other: {}\n", thread_name(run, *each.other));
            put_stack(text, each.there);
        }
        if (!each.memory.empty()) text += fmt::format("    {}\n", each.memory);
        put_stack(text, each.allocated);
    }
    put_threads(text, run);
    if (!run.steps.empty()) put_interleaving(text, run);
    if (!run.output.empty()) text += fmt::format("\nThe program wrote:\n{}\n", run.output);
    text += fmt::format("\nFound in schedule {} (seed {}). To repeat it:\n", run.number, in.seed);
    text += fmt::format("  twill check --replay {} -- {}\n",
                        command_line_of({run.saved_to.empty() ? run.schedule : run.saved_to}),
                        command_line_of(in.program));
    return text;
}

std::string text_of_end(const result& all) {
    const auto speed = all.seconds > 0 ? static_cast<double>(all.schedules) / all.seconds : 0;
    return fmt::format("twill check: {} in {} schedule{} ({:.1f} s, {:.0f} a second)\n",
                       all.failures.empty() ? std::string("nothing found")
                                            : fmt::format("{} found", all.failures.size()),
                       all.schedules, all.schedules == 1 ? "" : "s", all.seconds, speed);
}

}  // namespace twill_command::check
