// semaphore: so many at a time.
//
//     twill::semaphore connections(16);
//     auto permit = co_await connections.acquire();      // given back at the end of the block
//
//     twill::semaphore memory(1024);                     // in MiB
//     auto mine = co_await memory.acquire(200);
//
// For tasks on any event thread, plain threads and functions on the compute pool. First come, first
// served: who wants many is not overtaken by those who want few. Permits may be given back by
// somebody else, or come from nowhere (`release`), so it counts events, too.
#pragma once

#include <twill/async/detail/permits.hpp>
#include <twill/core/config.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace twill::inline TWILL_ABI {

// Permits that go back to their semaphore at its end. Movable.
class [[nodiscard("the permits go back as soon as this goes")]] semaphore_permit {
public:
    // None.
    semaphore_permit() noexcept = default;
    explicit operator bool() const noexcept { return held_.from() != nullptr; }
    // Gives them back now.
    void release() noexcept { held_.give_back(); }
    // Never gives them back by itself: somebody calls semaphore::release, or nobody does.
    void keep() noexcept { held_.keep(); }
    [[nodiscard]] std::uint64_t count() const noexcept {
        return held_.from() != nullptr ? held_.count() : 0;
    }

    // For the library.
    explicit semaphore_permit(detail::held_permits held) noexcept : held_(std::move(held)) {}

private:
    detail::held_permits held_;
};

class semaphore {
public:
    using permit = semaphore_permit;

    // With so many permits, less than 2^62.
    explicit constexpr semaphore(std::uint64_t permits) noexcept : free_(permits) {}

    // `co_await acquire(n)` suspends until `n` permits are this task's, and gives them. If there
    // are never so many, it waits until it is cancelled. Cancelled at once: then it throws
    // `cancelled` and has taken none; permits that were granted already are kept.
    [[nodiscard]] detail::taking<permit> acquire(std::uint64_t n = 1) noexcept {
        return {"acquire a semaphore", &free_, at_most(n)};
    }
    // The permits if they are there and nobody waits for any; else none. Any thread.
    permit try_acquire(std::uint64_t n = 1) noexcept {
        n = at_most(n);
        return free_.try_take(n) ? permit(detail::held_permits(free_, n)) : permit();
    }
    // Blocks the calling thread. Throws usage_error on an event thread.
    permit acquire_blocking(std::uint64_t n = 1) {
        n = at_most(n);
        free_.take_blocking(n, "co_await acquire()");
        return permit(detail::held_permits(free_, n));
    }

    // Adds permits, for whoever waits first; less than 2^62 in all. Any thread.
    void release(std::uint64_t n = 1) noexcept { free_.give_back(n); }

    // How many are free at the moment.
    [[nodiscard]] std::uint64_t available() const noexcept { return free_.free(); }

private:
    // More than there can be: there are never so many, either.
    static std::uint64_t at_most(std::uint64_t n) noexcept {
        return std::min(n, std::uint64_t{1} << 62);
    }

    detail::permits free_;
};

}  // namespace twill::inline TWILL_ABI
