// latch: opens for good once it was counted down to zero.
//
//     twill::latch warm(3);
//     warm.count_down();                // by each of three, tasks or not
//     co_await warm.wait();             // suspends until all have
//
// For tasks on any event thread, plain threads and functions on the compute pool. As std::latch,
// awaitable. To wait for tasks to end, a `scope` needs no latch.
#pragma once

#include <twill/async/manual_reset_event.hpp>
#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>

#include <cstdint>

namespace twill::inline TWILL_ABI {

class TWILL_API latch {
public:
    explicit constexpr latch(std::uint64_t count) noexcept : left_(count), open_(count == 0) {}

    // The call that reaches zero opens it. What was done before is seen by who passes. Throws
    // usage_error, and counts nothing, when fewer than `n` are left. Any thread.
    void count_down(std::uint64_t n = 1);

    // `co_await wait()` suspends until it is open. Cancelled at once.
    [[nodiscard]] auto wait() noexcept { return open_.wait(); }
    [[nodiscard]] bool is_open() const noexcept { return open_.is_set(); }
    // Blocks the calling thread. Throws usage_error on an event thread.
    void wait_blocking() { open_.wait_blocking(); }

    // For the library.
    [[nodiscard]] detail::wait_place& where() noexcept { return open_.where(); }

private:
    atomic<std::uint64_t> left_;
    manual_reset_event open_;
};

}  // namespace twill::inline TWILL_ABI
