// Waits until a descriptor is ready, for calls that the reactor does not make.
//
//     detail::until_writable ready("send a file", socket);
//     co_await ready;
#pragma once

#include <twill/core/reactor.hpp>

#include <string>

namespace twill::inline TWILL_ABI::detail {

// Until a call would not wait, be it because it would fail.
template <io_call Direction>
class until_ready final : public io_request {
public:
    until_ready(const char* what, io_source& source) noexcept
        : io_request(what, Direction, source, nullptr, 0) {}
    void await_resume() const {
        throw_if_cancelled();
        if (result < 0) throw_if_failed("wait for", "fd " + std::to_string(source().fd));
    }
};

using until_readable = until_ready<io_call::readable>;
using until_writable = until_ready<io_call::writable>;

}  // namespace twill::inline TWILL_ABI::detail
