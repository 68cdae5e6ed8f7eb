#include "fiber.hpp"

#include <cstdint>

#ifdef TWILL_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace twill::inline TWILL_ABI::explore::model {
namespace {

// Threads of a model run on one thread of the system.
constinit fiber* running = nullptr;
constinit fiber* left = nullptr;  // by the last change

#if defined(__x86_64__)
// What a function must preserve goes to the old stack and comes from the new one.
[[gnu::naked, gnu::noinline]] void exchange_stacks(void** /*leave*/, void* /*enter*/) noexcept {
    asm volatile(
        "pushq %rbp\n pushq %rbx\n pushq %r12\n pushq %r13\n pushq %r14\n pushq %r15\n"
        "movq %rsp, (%rdi)\n"
        "movq %rsi, %rsp\n"
        "popq %r15\n popq %r14\n popq %r13\n popq %r12\n popq %rbx\n popq %rbp\n"
        "ret\n");
}
#endif

}  // namespace

void fiber::prepare(void* stack, std::size_t size, body what, void* argument) noexcept {
    body_ = what;
    argument_ = argument;
    stack_ = stack;
    size_ = size;
    fake_stack_ = nullptr;
#ifdef TWILL_ASAN
    // Frames that were left for good have not cleaned up.
    __asan_unpoison_memory_region(stack, size);
#endif
#if defined(__x86_64__)
    // As if `enter` had been called: six registers, its address, and a return address of nowhere.
    auto* const words = reinterpret_cast<void**>((reinterpret_cast<std::uintptr_t>(stack) + size) &
                                                 ~std::uintptr_t{15});
    for (int i = 1; i <= 8; ++i) words[-i] = nullptr;
    words[-2] = reinterpret_cast<void*>(&fiber::enter);
    top_ = words - 8;
#else
    ::getcontext(&context_);
    context_.uc_stack.ss_sp = stack;
    context_.uc_stack.ss_size = size;
    context_.uc_link = nullptr;
    ::makecontext(&context_, reinterpret_cast<void (*)()>(&fiber::enter), 0);
#endif
}

void fiber::enter() noexcept {
    fiber& self = *running;
#ifdef TWILL_ASAN
    __sanitizer_finish_switch_fiber(nullptr, &left->stack_, &left->size_);
#endif
    self.body_(self.argument_);
    __builtin_trap();
}

void fiber::change(fiber& from, fiber& to, [[maybe_unused]] bool for_good) noexcept {
    left = &from;
    running = &to;
#ifdef TWILL_ASAN
    __sanitizer_start_switch_fiber(for_good ? nullptr : &from.fake_stack_, to.stack_, to.size_);
#endif
#if defined(__x86_64__)
    exchange_stacks(&from.top_, to.top_);
#else
    ::swapcontext(&from.context_, &to.context_);
#endif
#ifdef TWILL_ASAN
    __sanitizer_finish_switch_fiber(from.fake_stack_, &left->stack_, &left->size_);
#endif
}

}  // namespace twill::inline TWILL_ABI::explore::model
