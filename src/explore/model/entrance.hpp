// Where the program under test enters the model, on values of any type as bits. Outside of a run,
// where there is one thread, these are plain accesses.
#pragma once

#include "use.hpp"

#include <cstdint>

namespace twill::inline TWILL_ABI::explore::model {

struct entrance {
    static void hold_constant(const void* address) noexcept;
    static void begin(void* address, unsigned size) noexcept;
    static std::uint64_t load(const use& how) noexcept;
    static void store(const use& how, std::uint64_t value) noexcept;
    static std::uint64_t exchange(const use& how, std::uint64_t value) noexcept;
    static std::uint64_t add(const use& how, std::uint64_t value) noexcept;
    static std::uint64_t set(const use& how, std::uint64_t bits) noexcept;
    static std::uint64_t clear(const use& how, std::uint64_t bits) noexcept;
    static bool compare(const use& how, std::uint64_t& expected, std::uint64_t desired,
                        bool weak) noexcept;
    static void wait(const use& how, std::uint64_t old) noexcept;
    static void sleep(const use& how, std::uint64_t old, std::uint64_t deadline) noexcept;
    static void notify(const use& how, bool all) noexcept;
};

}  // namespace twill::inline TWILL_ABI::explore::model
