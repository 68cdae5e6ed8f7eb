// The reactor on epoll: edge-triggered, each descriptor registered once for both directions.
//
//     std::shared_ptr<twill::reactor> io = twill::make_epoll_reactor();
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/reactor.hpp>

#include <memory>

namespace twill::inline TWILL_ABI {

// Throws io_error when the kernel gives no epoll instance or eventfd.
[[nodiscard]] TWILL_API std::shared_ptr<reactor> make_epoll_reactor();

}  // namespace twill::inline TWILL_ABI
