// Findings about memory, in words.
#pragma once

#include <twill/check/protocol.hpp>

#include <span>
#include <string>

namespace twill_command::check {

[[nodiscard]] bool is_about_memory(twill::check::finding_kind kind);

// "data race: thread 2 reads 4 bytes that thread 1 writes, and nothing orders the two".
std::string summary_of_memory(const twill::check::finding& found);

// "in a heap block of 40 bytes, at byte 8, which thread 0 allocated"; empty if nothing is known.
std::string place_of_memory(const twill::check::finding& found,
                            std::span<const twill::check::module> modules);

}  // namespace twill_command::check
