// The fork server: makes a run for each schedule that the command asks for.
#pragma once

#include <twill/check/protocol.hpp>

namespace twill::inline TWILL_ABI::check {

struct descriptors {
    int socket = -1;
    int output = -1;  // the file that the program's standard output and error go to
};

// Serves requests until the socket is closed, then ends the process. Returns in each run, the first
// thread of which is the caller.
void serve(session& shared, const descriptors& given) noexcept;

}  // namespace twill::inline TWILL_ABI::check
