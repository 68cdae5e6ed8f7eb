// A check's result in the forms that it is shown in.
#pragma once

#include "twill/check/account.hpp"
#include "twill/check/suppressions.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace twill_command::check {

struct result {
    std::vector<std::string> program;
    std::uint64_t seed = 0;
    std::uint64_t schedules = 0;  // that were run
    bool is_replay = false;
    std::uint64_t unlike = 0;         // replays that were not like the first
    std::uint64_t interleavings = 0;  // different ones among the runs that passed
    bool interleavings_estimated = false;
    bool left_behind = false;  // a run that had not ended, when the search was over
    double seconds = 0;
    std::string points;  // "sync" or "memory"
    std::vector<failing_run> failures;
    std::uint64_t suppressed = 0;           // findings that a rule took out
    std::vector<suppression> unused_rules;  // if the search came to its end
    std::vector<std::string> unseen;        // what it cannot see, in words
};

// What it cannot see, said before it starts.
std::string text_of_limits(const result& of);
std::string text_of(const failing_run& run, const result& in);
// That a run found something, while the search goes on: one line.
std::string text_of_note(const failing_run& run);
// The last line.
std::string text_of_end(const result& all);

std::string json_of(const result& all);
std::string junit_of(const result& all);
std::string github_of(const result& all);
std::string svg_of(const failing_run& run, const result& in);

// "thread 0 (main)".
std::string thread_name(const failing_run& run, unsigned index);

// Why nothing can be said of the program: a run waited for what twill check does not see, the first
// one already or a later one, and nothing else was found. Empty: it was checked.
std::string refusal_of(const result& all);

// Words for a shell, quoted where that is needed.
std::string command_line_of(const std::vector<std::string>& words);

}  // namespace twill_command::check
