// The fork server: makes a run for each schedule that the command asks for.
#pragma once

#include <twill/check/protocol.hpp>

namespace twill::inline TWILL_ABI::check {

// Serves requests from `socket` until it is closed, then ends the process. Returns in each run, the
// first thread of which is the caller.
void serve(session& shared, int socket) noexcept;

}  // namespace twill::inline TWILL_ABI::check
