// Connecting a socket.
#pragma once

#include <twill/core/reactor.hpp>

#include <sys/socket.h>
#include <string>

namespace twill::inline TWILL_ABI::detail {

// One try. Gives 0 or errno; what is not the peer's fault is thrown: another address would not
// help.
class connect_operation final : public io_request {
public:
    connect_operation(io_source& source, const sockaddr* there, socklen_t size) noexcept
        : io_request("connect", io_call::connect, source, const_cast<sockaddr*>(there), size) {}
    int await_resume() const {
        throw_if_cancelled();
        if (unwatched) throw_if_failed("connect", "fd " + std::to_string(source().fd));
        return static_cast<int>(-result);
    }
};

}  // namespace twill::inline TWILL_ABI::detail
