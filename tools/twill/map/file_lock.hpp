// That only one run writes a file or folder.
#pragma once

namespace twill_command {

// Whether it is ours now: until it is closed, or this program has ended, whatever ends it. Blocks
// for up to half a second while it is another's.
bool lock_file(int file);

}  // namespace twill_command
