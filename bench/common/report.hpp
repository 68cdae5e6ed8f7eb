// What a suite shows: the table on the terminal and build/bench/NAME.json.
#pragma once

#include <twill/core/config.hpp>

#include "common/machine.hpp"
#include "common/row.hpp"

#include <filesystem>
#include <iosfwd>
#include <span>
#include <string_view>

namespace twill::inline TWILL_ABI::bench {

enum class verdict : unsigned char {
    reported,  // there is no target
    met,
    missed,
    unjudged,  // a target's peer is absent, and no other target was missed
};

// How a row did against its targets, by the median.
[[nodiscard]] verdict verdict_of(const row& line);
// Whether a binding target of it was missed.
[[nodiscard]] bool binding_missed(const row& line);

// A line for each peer of a row. Below it, who is absent and why.
void print_table(std::ostream& out, std::string_view suite, const machine& where,
                 std::span<const row> rows);

// Throws std::system_error when the file cannot be written.
void write_json(const std::filesystem::path& file, std::string_view suite, const machine& where,
                std::span<const row> rows);

}  // namespace twill::inline TWILL_ABI::bench
