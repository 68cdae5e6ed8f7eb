// Taking connections from a listening socket.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/reactor.hpp>
#include <twill/core/task.hpp>

namespace twill::inline TWILL_ABI::detail {

// One try. Gives the descriptor, or -errno.
class TWILL_API accept_operation final : public io_request {
public:
    explicit accept_operation(io_source& door) noexcept
        : io_request("accept", io_call::accept, door, nullptr, 0) {}
    int await_resume() const;
};

// The next connection's descriptor: tries again where `tcp_listener::accept` says so.
[[nodiscard]] TWILL_API task<int> accept_next(io_source& door);

}  // namespace twill::inline TWILL_ABI::detail
