// What model builds have in place of the kernel's futex and of pthread_join (flavour.hpp).
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/time.hpp>

#include "model.hpp"

#include <pthread.h>

#include <cstdint>
#include <source_location>

namespace twill::inline TWILL_ABI::detail {

inline void futex_wait(atomic<std::uint32_t>& word, std::uint32_t expected,
                       time_point deadline = never,
                       std::source_location where = std::source_location::current()) noexcept {
    const auto time = static_cast<std::uint64_t>(deadline.time_since_epoch().count());
    word.sleep(expected, deadline == never ? ~std::uint64_t{0} : time, where);
}
inline void futex_wake_one(atomic<std::uint32_t>* word,
                           std::source_location where = std::source_location::current()) noexcept {
    word->notify_one(where);
}

inline pthread_t own_thread() noexcept { return explore::model::this_thread(); }
inline void join_thread(pthread_t which) noexcept {
    explore::model::join(static_cast<std::uint32_t>(which));
}

}  // namespace twill::inline TWILL_ABI::detail
