// shared_mutex: many readers, or one writer.
//
//     twill::shared_mutex table_lock;
//     auto reading = co_await table_lock.lock_shared();
//     auto writing = co_await table_lock.lock();
//
// First come, first served: a writer that waits is not overtaken by readers who come after it, so
// nobody starves; a reader must therefore not lock again what it holds, or it waits behind a writer
// that waits for it.
// Everything else as for `mutex`.
#pragma once

#include <twill/async/detail/permits.hpp>
#include <twill/async/mutex.hpp>
#include <twill/core/config.hpp>

#include <cstdint>

namespace twill::inline TWILL_ABI {

class shared_mutex {
public:
    // Both hold it until their end. `unlock` ends that sooner; false: it holds nothing.
    using guard = mutex_guard;
    using shared_guard = mutex_guard;

    constexpr shared_mutex() noexcept = default;

    // As a writer: suspends until nobody else holds it. Cancelled at once.
    [[nodiscard]] detail::taking<guard> lock() noexcept {
        return {"lock a shared_mutex", &free_, everything};
    }
    // As a reader: suspends until no writer holds it, or waits for it. Cancelled at once.
    [[nodiscard]] detail::taking<shared_guard> lock_shared() noexcept {
        return {"share a shared_mutex", &free_, 1};
    }

    guard try_lock() noexcept { return tried(everything); }
    shared_guard try_lock_shared() noexcept { return tried(1); }

    // These block the calling thread. Throw usage_error on an event thread.
    guard lock_blocking() { return blocking(everything, "co_await lock()"); }
    shared_guard lock_shared_blocking() { return blocking(1, "co_await lock_shared()"); }

private:
    // A reader takes one, a writer all: more than there can be readers.
    static constexpr std::uint64_t everything = std::uint64_t{1} << 40;

    guard tried(std::uint64_t n) noexcept {
        return free_.try_take(n) ? guard(detail::held_permits(free_, n)) : guard();
    }
    guard blocking(std::uint64_t n, const char* instead) {
        free_.take_blocking(n, instead);
        return guard(detail::held_permits(free_, n));
    }

    detail::permits free_{everything};
};

}  // namespace twill::inline TWILL_ABI
