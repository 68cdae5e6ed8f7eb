// memcpy and its relatives: the compiler's instrumentation leaves their accesses to us. Whoever is
// not a thread under control gets the plain function.
#include "check/memory/hooks/caller_ranges.hpp"
#include "check/system.hpp"

#include <cstddef>

using namespace twill::check;

namespace {

using copy_function = void*(void*, const void*, std::size_t);
using fill_function = void*(void*, int, std::size_t);

// libc's own, which suit the processor; null before the first constructors ran.
copy_function* real_copy = nullptr;
copy_function* real_move = nullptr;
fill_function* real_fill = nullptr;

[[gnu::constructor(101)]] void look_up() {
    real_copy = real<copy_function>("memcpy");
    real_move = real<copy_function>("memmove");
    real_fill = real<fill_function>("memset");
    static_cast<void>(is_own_code(0));  // finds out where that is
}

// Before that. Loops would do as well, if compilers did not recognise them.
void* copy_bytes(void* to, const void* from, std::size_t size) noexcept {
    void* const result = to;
#if defined(__x86_64__)
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
#else
    auto* target = static_cast<volatile unsigned char*>(to);
    const auto* source = static_cast<const unsigned char*>(from);
    while (size-- != 0) *target++ = *source++;
#endif
    return result;
}

void* move_bytes(void* to, const void* from, std::size_t size) noexcept {
    if (to <= from) return copy_bytes(to, from, size);
    auto* target = static_cast<volatile unsigned char*>(to);
    const auto* source = static_cast<const volatile unsigned char*>(from);
    while (size-- != 0) target[size] = source[size];
    return to;
}

void* fill_bytes(void* to, int value, std::size_t size) noexcept {
    auto* target = static_cast<volatile unsigned char*>(to);
    while (size-- != 0) *target++ = static_cast<unsigned char>(value);
    return to;
}

void* copy(void* to, const void* from, std::size_t size, const void* pc) noexcept {
    reads(from, size, pc);
    writes(to, size, pc);
    return real_copy != nullptr ? real_copy(to, from, size) : copy_bytes(to, from, size);
}

void* move(void* to, const void* from, std::size_t size, const void* pc) noexcept {
    reads(from, size, pc);
    writes(to, size, pc);
    return real_move != nullptr ? real_move(to, from, size) : move_bytes(to, from, size);
}

void* fill(void* to, int value, std::size_t size, const void* pc) noexcept {
    writes(to, size, pc);
    return real_fill != nullptr ? real_fill(to, value, size) : fill_bytes(to, value, size);
}

}  // namespace

// GCC calls the plain names, Clang the others.
TWILL_INTERPOSED void* memcpy(void* to, const void* from, std::size_t size) noexcept {
    return copy(to, from, size, TWILL_CALLER);
}
TWILL_INTERPOSED void* memmove(void* to, const void* from, std::size_t size) noexcept {
    return move(to, from, size, TWILL_CALLER);
}
TWILL_INTERPOSED void* memset(void* to, int value, std::size_t size) noexcept {
    return fill(to, value, size, TWILL_CALLER);
}
TWILL_INTERPOSED void* __tsan_memcpy(void* to, const void* from, std::size_t size) {
    return copy(to, from, size, TWILL_CALLER);
}
TWILL_INTERPOSED void* __tsan_memmove(void* to, const void* from, std::size_t size) {
    return move(to, from, size, TWILL_CALLER);
}
TWILL_INTERPOSED void* __tsan_memset(void* to, int value, std::size_t size) {
    return fill(to, value, size, TWILL_CALLER);
}
