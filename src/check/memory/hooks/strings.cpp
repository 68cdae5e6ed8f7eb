// What the program reads and writes by functions on strings: libc is not instrumented, and does it
// for the program.
//
// Each is one step of the schedule, at its begin; how much it reads was looked up just before.
#include "check/memory/hooks/caller_ranges.hpp"
#include "check/system.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstddef>

using namespace twill::check;

// These names are overloaded in C++, and known to compilers: so ours have other ones, and theirs
// for the linker.
#define TWILL_STRING_FUNCTION(result, name, ...)                               \
    TWILL_INTERPOSED result twill_##name(__VA_ARGS__) noexcept __asm__(#name); \
    result twill_##name(__VA_ARGS__) noexcept
#define TWILL_REAL_STRING(name) TWILL_REAL_AS(name, decltype(twill_##name))

TWILL_STRING_FUNCTION(std::size_t, strlen, const char* text) {
    auto* const look = TWILL_REAL_STRING(strlen);
    if (is_the_programs(TWILL_CALLER)) read_range(text, look(text) + 1, TWILL_CALLER);
    return look(text);
}

TWILL_STRING_FUNCTION(std::size_t, strnlen, const char* text, std::size_t most) {
    auto* const look = TWILL_REAL_STRING(strnlen);
    if (is_the_programs(TWILL_CALLER))
        read_range(text, std::min(look(text, most) + 1, most), TWILL_CALLER);
    return look(text, most);
}

namespace {

std::size_t length_of(const char* text) noexcept { return TWILL_REAL_STRING(strlen)(text); }

// Of a string that has no end within `most` bytes, so many.
std::size_t size_within(const char* text, std::size_t most) noexcept {
    return std::min(TWILL_REAL_STRING(strnlen)(text, most) + 1, most);
}

// How much of both it takes to see where they differ.
std::size_t alike(const char* one, const char* other, std::size_t most, bool strings) noexcept {
    for (std::size_t i = 0; i != most; ++i)
        if (one[i] != other[i] || (strings && one[i] == '\0')) return i + 1;
    return most;
}

void reads_both(const void* one, const void* other, std::size_t most, bool strings,
                const void* pc) noexcept {
    if (!is_the_programs(pc)) return;
    const std::size_t size =
        alike(static_cast<const char*>(one), static_cast<const char*>(other), most, strings);
    read_range(one, size, pc);
    read_range(other, size, pc);
}

// A string, with its end.
void reads_string(const char* text, const void* pc) noexcept {
    if (is_the_programs(pc)) read_range(text, length_of(text) + 1, pc);
}

void copies_string(char* to, const char* from, const void* pc) noexcept {
    if (!is_the_programs(pc)) return;
    const std::size_t size = length_of(from) + 1;
    read_range(from, size, pc);
    write_range(to, size, pc);
}

// The whole field is written.
void copies_field(char* to, const char* from, std::size_t size, const void* pc) noexcept {
    if (!is_the_programs(pc)) return;
    read_range(from, size_within(from, size), pc);
    write_range(to, size, pc);
}

void appends(char* to, const char* from, std::size_t most, const void* pc) noexcept {
    if (!is_the_programs(pc)) return;
    const std::size_t there = length_of(to);
    read_range(to, there + 1, pc);
    const std::size_t more = TWILL_REAL_STRING(strnlen)(from, most);
    read_range(from, more < most ? more + 1 : most, pc);
    write_range(to + there, more + 1, pc);
}

constexpr std::size_t no_limit = static_cast<std::size_t>(-1) / 2;

}  // namespace

TWILL_STRING_FUNCTION(char*, strcpy, char* to, const char* from) {
    copies_string(to, from, TWILL_CALLER);
    return TWILL_REAL_STRING(strcpy)(to, from);
}
TWILL_STRING_FUNCTION(char*, stpcpy, char* to, const char* from) {
    copies_string(to, from, TWILL_CALLER);
    return TWILL_REAL_STRING(stpcpy)(to, from);
}
TWILL_STRING_FUNCTION(char*, strncpy, char* to, const char* from, std::size_t size) {
    copies_field(to, from, size, TWILL_CALLER);
    return TWILL_REAL_STRING(strncpy)(to, from, size);
}
TWILL_STRING_FUNCTION(char*, strcat, char* to, const char* from) {
    appends(to, from, no_limit, TWILL_CALLER);
    return TWILL_REAL_STRING(strcat)(to, from);
}
TWILL_STRING_FUNCTION(char*, strncat, char* to, const char* from, std::size_t most) {
    appends(to, from, most, TWILL_CALLER);
    return TWILL_REAL_STRING(strncat)(to, from, most);
}

TWILL_STRING_FUNCTION(int, strcmp, const char* one, const char* other) {
    reads_both(one, other, no_limit, true, TWILL_CALLER);
    return TWILL_REAL_STRING(strcmp)(one, other);
}
TWILL_STRING_FUNCTION(int, strncmp, const char* one, const char* other, std::size_t most) {
    reads_both(one, other, most, true, TWILL_CALLER);
    return TWILL_REAL_STRING(strncmp)(one, other, most);
}
TWILL_STRING_FUNCTION(int, memcmp, const void* one, const void* other, std::size_t size) {
    reads_both(one, other, size, false, TWILL_CALLER);
    return TWILL_REAL_STRING(memcmp)(one, other, size);
}
TWILL_STRING_FUNCTION(int, bcmp, const void* one, const void* other, std::size_t size) {
    reads_both(one, other, size, false, TWILL_CALLER);
    return TWILL_REAL_STRING(bcmp)(one, other, size);
}

TWILL_STRING_FUNCTION(char*, strchr, const char* text, int wanted) {
    reads_string(text, TWILL_CALLER);
    return TWILL_REAL_STRING(strchr)(text, wanted);
}
TWILL_STRING_FUNCTION(char*, strrchr, const char* text, int wanted) {
    reads_string(text, TWILL_CALLER);
    return TWILL_REAL_STRING(strrchr)(text, wanted);
}
TWILL_STRING_FUNCTION(char*, strstr, const char* text, const char* wanted) {
    reads_string(text, TWILL_CALLER);
    reads_string(wanted, TWILL_CALLER);
    return TWILL_REAL_STRING(strstr)(text, wanted);
}
TWILL_STRING_FUNCTION(void*, memchr, const void* from, int wanted, std::size_t size) {
    auto* const look = TWILL_REAL_STRING(memchr);
    if (is_the_programs(TWILL_CALLER)) {
        const auto* const begin = static_cast<const char*>(from);
        const auto* const at = static_cast<const char*>(look(from, wanted, size));
        read_range(from, at == nullptr ? size : static_cast<std::size_t>(at - begin) + 1,
                   TWILL_CALLER);
    }
    return look(from, wanted, size);
}

TWILL_STRING_FUNCTION(char*, strdup, const char* text) {
    reads_string(text, TWILL_CALLER);
    return TWILL_REAL_STRING(strdup)(text);
}
TWILL_STRING_FUNCTION(char*, strndup, const char* text, std::size_t most) {
    if (is_the_programs(TWILL_CALLER)) read_range(text, size_within(text, most), TWILL_CALLER);
    return TWILL_REAL_STRING(strndup)(text, most);
}

// ---- as -D_FORTIFY_SOURCE has them called

TWILL_STRING_FUNCTION(char*, __strcpy_chk, char* to, const char* from, std::size_t room) {
    copies_string(to, from, TWILL_CALLER);
    return TWILL_REAL_STRING(__strcpy_chk)(to, from, room);
}
TWILL_STRING_FUNCTION(char*, __stpcpy_chk, char* to, const char* from, std::size_t room) {
    copies_string(to, from, TWILL_CALLER);
    return TWILL_REAL_STRING(__stpcpy_chk)(to, from, room);
}
TWILL_STRING_FUNCTION(char*, __strncpy_chk, char* to, const char* from, std::size_t size,
                      std::size_t room) {
    copies_field(to, from, size, TWILL_CALLER);
    return TWILL_REAL_STRING(__strncpy_chk)(to, from, size, room);
}
TWILL_STRING_FUNCTION(char*, __strcat_chk, char* to, const char* from, std::size_t room) {
    appends(to, from, no_limit, TWILL_CALLER);
    return TWILL_REAL_STRING(__strcat_chk)(to, from, room);
}
TWILL_STRING_FUNCTION(char*, __strncat_chk, char* to, const char* from, std::size_t most,
                      std::size_t room) {
    appends(to, from, most, TWILL_CALLER);
    return TWILL_REAL_STRING(__strncat_chk)(to, from, most, room);
}
TWILL_STRING_FUNCTION(void*, __memcpy_chk, void* to, const void* from, std::size_t size,
                      std::size_t room) {
    reads(from, size, TWILL_CALLER);
    writes(to, size, TWILL_CALLER);
    return TWILL_REAL_STRING(__memcpy_chk)(to, from, size, room);
}
TWILL_STRING_FUNCTION(void*, __memmove_chk, void* to, const void* from, std::size_t size,
                      std::size_t room) {
    reads(from, size, TWILL_CALLER);
    writes(to, size, TWILL_CALLER);
    return TWILL_REAL_STRING(__memmove_chk)(to, from, size, room);
}
TWILL_STRING_FUNCTION(void*, __memset_chk, void* to, int value, std::size_t size,
                      std::size_t room) {
    writes(to, size, TWILL_CALLER);
    return TWILL_REAL_STRING(__memset_chk)(to, value, size, room);
}

// ---- printing into memory: of what is read, nothing is looked at

namespace {

using printing = int(char*, std::size_t, const char*, std::va_list);

int print_into(char* to, std::size_t room, const char* format, std::va_list values,
               const void* pc) noexcept {
    auto* const print = TWILL_REAL_AS(vsnprintf, printing);
    if (is_the_programs(pc) && room != 0) {
        std::va_list again;
        va_copy(again, values);
        const int length = print(nullptr, 0, format, again);
        va_end(again);
        if (length >= 0) write_range(to, std::min(static_cast<std::size_t>(length) + 1, room), pc);
    }
    return print(to, room, format, values);
}

}  // namespace

#define TWILL_PRINT(room)                                                  \
    std::va_list values;                                                   \
    va_start(values, format);                                              \
    const int length = print_into(to, room, format, values, TWILL_CALLER); \
    va_end(values);                                                        \
    return length

TWILL_STRING_FUNCTION(int, snprintf, char* to, std::size_t room, const char* format, ...) {
    TWILL_PRINT(room);
}
TWILL_STRING_FUNCTION(int, sprintf, char* to, const char* format, ...) { TWILL_PRINT(no_limit); }
TWILL_STRING_FUNCTION(int, vsnprintf, char* to, std::size_t room, const char* format,
                      std::va_list values) {
    return print_into(to, room, format, values, TWILL_CALLER);
}
TWILL_STRING_FUNCTION(int, vsprintf, char* to, const char* format, std::va_list values) {
    return print_into(to, no_limit, format, values, TWILL_CALLER);
}
