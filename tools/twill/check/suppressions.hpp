// Findings that are known and are not to be told: a file with a rule a line.
//
//     # kind      where                  why
//     data-race   spdlog::*              # counters for statistics only
//     leaked-*    third_party/*/pool.c
//     lock-order  *
//
// The first word is matched against the kind of the finding, the rest of the line, up to " #",
// against the functions and the source files of its stacks. Both are globs as a shell has them,
// where `*` also takes `/`.
#pragma once

#include "twill/check/account.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace twill_command::check {

struct suppression {
    std::string place_in_file;  // "known.txt:3", of the rule
    std::string kind;
    std::string where;
    std::uint64_t used = 0;
};

class suppressions {
public:
    suppressions() = default;
    // Throws start_failure: it cannot be read, or a rule is wrong.
    explicit suppressions(const std::string& path);

    [[nodiscard]] bool empty() const noexcept { return rules_.empty(); }
    [[nodiscard]] const std::vector<suppression>& rules() const noexcept { return rules_; }

    // Takes the findings out of `run` that a rule matches. How many.
    std::size_t apply(failing_run& run);

private:
    bool match(const finding_account& found, const failing_run& run);

    std::vector<suppression> rules_;
};

}  // namespace twill_command::check
