// A stack of its own that can be entered and left: how the threads of a model run, one at a time.
//
//     fiber one;
//     one.prepare(memory, size, &body, argument);
//     fiber::change(here, one);         // body(argument) runs, until something changes back
#pragma once

#include <twill/core/config.hpp>

#include <cstddef>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace twill::inline TWILL_ABI::explore::model {

class fiber {
public:
    // Must not return: it changes to another fiber instead, for good.
    using body = void (*)(void*) noexcept;

    constexpr fiber() noexcept = default;  // of whoever calls `change` first from it
    fiber(const fiber&) = delete;
    fiber& operator=(const fiber&) = delete;

    void prepare(void* stack, std::size_t size, body what, void* argument) noexcept;

    // Leaves `from`, whose stack this is, and goes on in `to`. `for_good`: `from` is not entered
    // again (what the address sanitizer keeps for it is freed).
    static void change(fiber& from, fiber& to, bool for_good = false) noexcept;

private:
    static void enter() noexcept;

#if defined(__x86_64__)
    void* top_ = nullptr;  // where its registers lie while it does not run
#else
    ucontext_t context_{};
#endif
    body body_ = nullptr;
    void* argument_ = nullptr;
    // For the address sanitizer, which wants to know where stacks lie.
    const void* stack_ = nullptr;
    std::size_t size_ = 0;
    void* fake_stack_ = nullptr;
};

}  // namespace twill::inline TWILL_ABI::explore::model
