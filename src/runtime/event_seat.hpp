// Where the calling thread sits, if it drives an event worker, or was driving it when it was taken.
#pragma once

#include <twill/core/config.hpp>
#include <twill/runtime/detail/watched_worker.hpp>

namespace twill::inline TWILL_ABI::detail {

TWILL_INITIAL_EXEC extern constinit TWILL_THREAD_LOCAL event_seat* seated;

}  // namespace twill::inline TWILL_ABI::detail
