// Findings about memory, in words.
#pragma once

#include <twill/check/protocol.hpp>

#include <cstdint>
#include <span>
#include <string>

namespace twill_command::check {

[[nodiscard]] bool is_about_memory(twill::check::finding_kind kind);

// "data race: thread 2 reads 4 bytes that thread 1 writes, and nothing orders the two".
std::string summary_of_memory(const twill::check::finding& found);

// "counter" or "table+8": the variable that a program calls this address; empty: none.
std::string variable_at(std::uint64_t address, std::span<const twill::check::module> modules);

// "in a heap block of 40 bytes, at byte 8, which thread 0 allocated"; empty if nothing is known.
std::string place_of_memory(const twill::check::finding& found,
                            std::span<const twill::check::module> modules);

}  // namespace twill_command::check
