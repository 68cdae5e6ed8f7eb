// Opens what is in a folder and cannot lead out of it.
#pragma once

#include <twill/core/config.hpp>
#include <twill/io/detail/descriptor.hpp>

#include <string>

namespace twill::inline TWILL_ABI::detail {

// To read, not waiting for the other end of a FIFO. `path` is relative, "" the folder itself.
// Empty, with errno: EXDEV when ".." or a symbolic link leads out of the folder. Links within it
// are followed, but for those of /proc.
//
// The kernel does it in one call (openat2, RESOLVE_BENEATH). Where it is too old for that, or a
// sandbox forbids it, each part of the path is opened by itself, never following a link, and
// ".." goes back to the folder that was opened before: so it leads nowhere that was not passed on
// the way down, even while folders are being moved.
[[nodiscard]] descriptor open_beneath(int folder, const std::string& path);

}  // namespace twill::inline TWILL_ABI::detail
