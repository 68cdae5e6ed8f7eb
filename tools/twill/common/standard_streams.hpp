// The three standard streams as the shell may have left them.
#pragma once

namespace twill_command {

// Gives descriptors 0 to 2 to /dev/null where they are closed (`>&-`), opened such that writing to
// 1 or 2 still fails. Otherwise the next pipe would get their numbers, and what is meant for a
// standard stream would go there. First of all in main.
void open_missing_standard_streams() noexcept;

}  // namespace twill_command
