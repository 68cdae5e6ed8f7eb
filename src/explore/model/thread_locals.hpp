// The thread-local variables of the program under test, one set a fiber.
//
// In a model build TWILL_THREAD_LOCAL puts them into a section of their own, as plain globals; a
// change of threads exchanges its contents. So does the state of exceptions that are under way,
// which the C++ run-time library keeps a thread.
#pragma once

#include "../arena.hpp"

#include <cstddef>

namespace twill::inline TWILL_ABI::explore::model {

class thread_locals {
public:
    constexpr thread_locals() noexcept = default;

    // Whether one of these variables lies there, whose address says nothing of its thread.
    [[nodiscard]] static bool lie_at(const void* address) noexcept;

    // As those of a new thread.
    void begin(arena& memory) noexcept;
    // From the variables into this set / from this set into the variables.
    void save() noexcept;
    void restore() const noexcept;

private:
    void* copy_ = nullptr;
    void* exceptions_caught_ = nullptr;
    unsigned exceptions_flying_ = 0;
};

}  // namespace twill::inline TWILL_ABI::explore::model
