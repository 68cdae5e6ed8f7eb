// A store followed by a load, kept in that order on one side for next to nothing, because the other
// side, which seldom comes, pays for both.
//
//     mine.store(1, std::memory_order_relaxed);          other.store(1, std::memory_order_seq_cst);
//     asymmetric_barrier::light(mine);                   asymmetric_barrier::heavy();
//     if (other.load(std::memory_order_seq_cst)) ...     if (mine.load(std::memory_order_seq_cst))
//     ...
//
// At least one of the two sees the other's store. The kernel's membarrier() interrupts every
// processor that runs a thread of this process, which makes a full barrier of wherever those
// threads are: the light side has then either not yet loaded, and sees our store, or its own store
// is out of its processor's buffer, and we see that. After Dice, Huang and Yang, "Asymmetric Dekker
// Synchronization" (2001); folly and liburcu have the same.
//
// The load is seq_cst for where there is no membarrier(): the light side then changes `mine` with
// that order, and of C++ only a seq_cst load is bound to what came before it in the one order of
// all seq_cst operations. It costs a plain load on x86, and an acquiring one on ARM.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>

namespace twill::inline TWILL_ABI {
namespace detail {

class TWILL_API asymmetric_barrier {
public:
    // Asks the kernel, once, to allow it. May take milliseconds in a process of many threads. Until
    // it has succeeded, and for good where there is no membarrier(), the light side pays as well.
    static void prepare() noexcept;

    // Between the store to `stored` and the load.
    template <class T>
    static void light(atomic<T>& stored) noexcept {
        if (prepared_.load(std::memory_order_relaxed)) [[likely]] {
            // The compiler alone has to be kept from exchanging the two.
            asm volatile("" ::: "memory");
        } else {
            // A full barrier, and the sole writer's own value: nothing changes.
            stored.fetch_add(0, std::memory_order_seq_cst);
        }
    }

    static void heavy() noexcept;

private:
    // False, then perhaps true for good.
    static atomic<bool> prepared_;
};

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
