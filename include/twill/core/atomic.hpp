// The one door to atomics.
//
// Twill's own protocols use `twill::atomic`, never `std::atomic` (`make lint` checks it): in the
// library it *is* std::atomic; a model-test build puts the explorer's type here, which sees every
// access and chooses what happens between two of them. There are no stand-alone fences in twill:
// the thread sanitizer does not model them, and an order on the access itself can be read where it
// acts.
//
//     twill::atomic<int> turn{0};
//     turn.store(1, std::memory_order_release);   // pairs with the acquire in `take`
#pragma once

#include <twill/core/config.hpp>

#ifdef TWILL_ATOMIC
#include TWILL_ATOMIC  // the header of this flavour's
#else

#include <atomic>

namespace twill::inline TWILL_ABI {

template <class T>
using atomic = std::atomic<T>;

}  // namespace twill::inline TWILL_ABI

#endif
