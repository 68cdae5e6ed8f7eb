// Who a thread is, and waiting for its end.
#pragma once

#include <twill/core/config.hpp>

#ifdef TWILL_DOORS
#include TWILL_DOORS
#else

#include <pthread.h>

namespace twill::inline TWILL_ABI::detail {

inline pthread_t own_thread() noexcept { return ::pthread_self(); }
inline void join_thread(pthread_t which) noexcept { ::pthread_join(which, nullptr); }

}  // namespace twill::inline TWILL_ABI::detail

#endif
