// Where one thread sleeps until another has news for it.
//
//     parker.park();      // returns once there was an unpark since the last return
//     parker.unpark();    // from any thread
#pragma once

#include <twill/core/atomic.hpp>

#include <cstdint>

namespace twill::inline TWILL_ABI {
namespace detail {

// Between two looks of a thread that waits without sleeping.
inline void pause_processor() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// States of `token_`: 0 none; 1 an unpark that nobody has consumed. Several unparks before a park
// are one, and a token may be left over from news that its thread learnt otherwise: so every caller
// of `park` looks again at what it waits for. The exchange in `unpark` releases what the waker did
// before, the one in `park` acquires it. No wake-up is lost: `wait(0)` returns at once if the token
// is there, and the kernel compares and sleeps in one step.
class compute_parker {
public:
    void park() noexcept {
        while (token_.exchange(0, std::memory_order_acquire) == 0)
            token_.wait(0, std::memory_order_relaxed);
    }

    void unpark() noexcept {
        if (token_.exchange(1, std::memory_order_release) == 0) token_.notify_one();
    }

private:
    atomic<std::uint32_t> token_{0};
};

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
