#include <twill/core/error.hpp>
#include <twill/core/sleep.hpp>
#include <twill/io/detail/accept_operation.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>

namespace twill::inline TWILL_ABI::detail {
namespace {

// The kernel reports what became of the connection that it had to give: accept(2) says to go on
// with the next one.
bool concerns_one_connection(int error) noexcept {
    switch (error) {
        case ECONNABORTED:
        case EPROTO:
        case ENOPROTOOPT:
        case EOPNOTSUPP:
        case ENETDOWN:
        case ENETUNREACH:
        case EHOSTDOWN:
        case EHOSTUNREACH:
        case ENONET:
        case EPERM:  // a firewall's rules
            return true;
        default:
            return false;
    }
}

// Nothing is wrong with the listener, and what lacks comes back when others let it go.
bool is_shortage(int error) noexcept {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

int accept_operation::await_resume() const {
    throw_if_cancelled();
    if (unwatched) throw_if_failed("accept on", "fd " + std::to_string(source().fd));
    return static_cast<int>(result);
}

task<int> accept_next(io_source& door) {
    using std::chrono::milliseconds;
    constexpr duration longest_pause = milliseconds(100);
    duration pause = milliseconds(1);
    for (;;) {
        accept_operation one(door);
        const int made = co_await one;
        if (made >= 0) co_return made;
        if (is_shortage(-made)) {
            co_await sleep(pause);
            pause = std::min(2 * pause, longest_pause);
        } else if (!concerns_one_connection(-made)) {
            throw io_error("accept on", "fd " + std::to_string(door.fd), -made);
        }
    }
}

}  // namespace twill::inline TWILL_ABI::detail
