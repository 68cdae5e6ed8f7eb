// Tries the system call of a request on its non-blocking descriptor.
#pragma once

#include <twill/core/reactor.hpp>

#include <cstdint>

namespace twill::inline TWILL_ABI::detail {

enum class outcome : std::uint8_t {
    done,              // result is set
    done_and_drained,  // and a further call of this direction would block
    would_block,
};

outcome attempt(io_request& what) noexcept;

}  // namespace twill::inline TWILL_ABI::detail
