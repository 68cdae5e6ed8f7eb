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

#include <twill/async/detail/locking.hpp>
#include <twill/async/mutex.hpp>
#include <twill/core/config.hpp>

#include <cstdint>
#include <source_location>

namespace twill::inline TWILL_ABI {

class shared_mutex {
public:
    // Both hold it until their end. `unlock` ends that sooner; false: it holds nothing.
    using guard = mutex_guard;
    using shared_guard = mutex_guard;

    constexpr shared_mutex() noexcept = default;

    // As a writer: suspends until nobody else holds it. Cancelled at once.
    [[nodiscard]] detail::locking<detail::guard_of<guard>> lock(
        std::source_location where = std::source_location::current()) noexcept {
        return {"lock a shared_mutex", &free_, everything, {}, where};
    }
    // As a reader: suspends until no writer holds it, or waits for it. Cancelled at once.
    [[nodiscard]] detail::locking<detail::guard_of<shared_guard>> lock_shared(
        std::source_location where = std::source_location::current()) noexcept {
        return {"share a shared_mutex", &free_, 1, {}, where};
    }

    guard try_lock(std::source_location where = std::source_location::current()) noexcept {
        return guard(free_.try_hold(everything, where));
    }
    shared_guard try_lock_shared(
        std::source_location where = std::source_location::current()) noexcept {
        return shared_guard(free_.try_hold(1, where));
    }

    // These block the calling thread. Throw usage_error on an event thread.
    guard lock_blocking(std::source_location where = std::source_location::current()) {
        return guard(free_.hold_blocking(everything, "co_await lock()", where));
    }
    shared_guard lock_shared_blocking(
        std::source_location where = std::source_location::current()) {
        return shared_guard(free_.hold_blocking(1, "co_await lock_shared()", where));
    }

private:
    // A reader takes one, a writer all: more than there can be readers.
    static constexpr std::uint64_t everything = std::uint64_t{1} << 40;

    detail::lock_permits free_{everything};
};

}  // namespace twill::inline TWILL_ABI
