// How many of a scope's children run at a time: the first so many are queued at once, each further
// one when another has ended, in the order in which they were spawned.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/executor.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/core/runnable.hpp>

#include <cstddef>

namespace twill::inline TWILL_ABI::detail {

class TWILL_API admission {
public:
    explicit admission(std::size_t most) noexcept : free_(most) {}

    // Queues the child's first step with `where`, now or later. Any thread.
    void enter(executor& where, runnable& first_step) noexcept;
    // A child that had entered has ended. Any thread.
    void leave(executor& where) noexcept;

private:
    futex_mutex lock_;
    std::size_t free_;        // guarded by lock_; not zero only while nobody waits
    runnable_queue waiting_;  // guarded by lock_
};

}  // namespace twill::inline TWILL_ABI::detail
