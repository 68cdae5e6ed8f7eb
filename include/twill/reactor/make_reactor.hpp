// The reactor of a runtime, by what is wanted of the kernel.
//
//     std::shared_ptr<twill::reactor> io = twill::make_reactor(twill::reactor_kind::automatic);
#pragma once

#include <twill/core/config.hpp>

#include <cstdint>
#include <memory>

namespace twill::inline TWILL_ABI {

class reactor;

// Sockets, pipes and whatever else can be waited for are watched by epoll in each of them; they
// differ in files, for which the kernel makes a thread wait or, if it is asked by io_uring, not.
enum class reactor_kind : std::uint8_t {
    // Reads go through a ring where one can be had, other calls to the blocking pool: whatever was
    // found better, see docs/files.md.
    automatic,
    // All calls are for the blocking pool.
    epoll,
    // All calls go through a ring.
    io_uring,
};

// Throws io_error when the kernel gives no epoll instance or eventfd, usage_error when io_uring is
// wanted and cannot be had: not built in, too old a kernel, or forbidden (seccomp, as containers
// do; the sysctl kernel.io_uring_disabled).
[[nodiscard]] TWILL_API std::shared_ptr<reactor> make_reactor(reactor_kind kind);

}  // namespace twill::inline TWILL_ABI
