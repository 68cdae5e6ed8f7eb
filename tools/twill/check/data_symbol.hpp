// The name of a variable by its address, from the symbol table of the file that was loaded.
#pragma once

#include <twill/check/protocol.hpp>

#include <cstdint>
#include <span>
#include <string>

namespace twill_command::check {

// "counter", or "table+8" for a byte in the middle. Empty: no symbol covers the address.
std::string variable_at(std::span<const twill::check::module> modules, std::uint64_t address);

}  // namespace twill_command::check
