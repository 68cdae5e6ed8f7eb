// Values with units, as a command line has them.
#pragma once

#include <twill/core/time.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace twill_command {

// "10" (seconds), "1.5s", "500ms", "2m", "1h": more than 0, at most 30 years. Nothing if it is
// none.
std::optional<twill::duration> parse_duration(std::string_view text);

// Bytes: "4096", "500M", "1.5G", "2GiB"; K, M, G, T are powers of 1024. Nothing if it is none.
std::optional<std::uint64_t> parse_size(std::string_view text);

}  // namespace twill_command
