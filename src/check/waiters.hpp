// Threads that wait until another notifies them: at condition variables and futexes.
//
//     join_waiters(me);
//     wait_until({action::wait, object_kind::futex, word, place}, &was_notified);
//     leave_waiters(me);                     // also after a timeout
#pragma once

#include "check/scheduler.hpp"

#include <cstddef>

namespace twill::inline TWILL_ABI::check {

inline constexpr std::size_t all_waiters = ~std::size_t{0};

// The calling thread is about to wait: it can be notified from now on.
void join_waiters(thread& me) noexcept;
void leave_waiters(thread& me) noexcept;
bool was_notified(const thread& asking) noexcept;

// Those that wait there and were not notified yet. `extra`: only those with one of these bits.
std::size_t count_waiters(object_kind kind, const void* object,
                          std::uint64_t extra = ~std::uint64_t{0}) noexcept;

// Sets free up to `most` of them; how many. Which ones is a free choice: in the plain outcome,
// those that came first.
std::size_t notify(object_kind kind, const void* object, std::size_t most,
                   std::uint64_t extra = ~std::uint64_t{0}) noexcept;

// Up to `most` of those that wait at `from` wait at `to` from now on.
std::size_t move_waiters(object_kind kind, const void* from, const void* to,
                         std::size_t most) noexcept;

// A notification reached nobody. If it is the last there, and somebody then waits for ever who
// would go on if it were notified, the report says so: see trial.hpp.
void notified_nobody(const step& at) noexcept;
// Whether that may have happened to `waiting`: it has not been woken there since.
bool is_lost_on(const thread& waiting) noexcept;
void note_lost_notification(const thread& waiting, std::uint64_t object) noexcept;

}  // namespace twill::inline TWILL_ABI::check
