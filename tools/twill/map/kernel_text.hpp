// Small files of /proc and /sys, and the numbers in them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace twill_command {

// The file's first 4096 bytes; empty when it is not there.
std::string kernel_text(const char* path);

// The number that `text` begins with, after blanks.
std::optional<std::uint64_t> number_at(std::string_view text);
// What follows the first `name` in `text`.
std::optional<std::uint64_t> number_after(std::string_view text, std::string_view name);

}  // namespace twill_command
