// What a program compiled with -fsanitize=thread calls at each access to plain data. It is linked
// without the sanitizer's own library: the model takes its place.
#include "world.hpp"

#include <cstring>

#if defined(TWILL_MODEL_HOOKS)

namespace {

using twill::explore::model::world;

void reads(const void* address, std::size_t size, const void* code) noexcept {
    if (world* in = world::entered()) in->plain_read(address, size, code);
}
void writes(const void* address, std::size_t size, const void* code) noexcept {
    if (world* in = world::entered()) in->plain_write(address, size, code);
}

}  // namespace

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
#define TWILL_HOOK_ACCESS(size)                                                                    \
    void __tsan_read##size(void* at) { reads(at, size, __builtin_return_address(0)); }             \
    void __tsan_write##size(void* at) { writes(at, size, __builtin_return_address(0)); }           \
    void __tsan_unaligned_read##size(void* at) { reads(at, size, __builtin_return_address(0)); }   \
    void __tsan_unaligned_write##size(void* at) { writes(at, size, __builtin_return_address(0)); } \
    void __tsan_read_write##size(void* at) { writes(at, size, __builtin_return_address(0)); }      \
    void __tsan_unaligned_read_write##size(void* at) {                                             \
        writes(at, size, __builtin_return_address(0));                                             \
    }

extern "C" {
void __tsan_init() {}
void __tsan_func_entry(void* /*caller*/) {}
void __tsan_func_exit() {}
TWILL_HOOK_ACCESS(1)
TWILL_HOOK_ACCESS(2)
TWILL_HOOK_ACCESS(4)
TWILL_HOOK_ACCESS(8)
TWILL_HOOK_ACCESS(16)
void __tsan_vptr_read(void** at) { reads(at, sizeof *at, __builtin_return_address(0)); }
void __tsan_vptr_update(void** at, void* value) {
    if (*at != value) writes(at, sizeof *at, __builtin_return_address(0));
}
void __tsan_read_range(void* at, unsigned long size) {
    reads(at, size, __builtin_return_address(0));
}
void __tsan_write_range(void* at, unsigned long size) {
    writes(at, size, __builtin_return_address(0));
}
void* __tsan_memcpy(void* to, const void* from, unsigned long size) {
    reads(from, size, __builtin_return_address(0));
    writes(to, size, __builtin_return_address(0));
    return std::memcpy(to, from, size);
}
void* __tsan_memmove(void* to, const void* from, unsigned long size) {
    reads(from, size, __builtin_return_address(0));
    writes(to, size, __builtin_return_address(0));
    return std::memmove(to, from, size);
}
void* __tsan_memset(void* to, int value, unsigned long size) {
    writes(to, size, __builtin_return_address(0));
    return std::memset(to, value, size);
}
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

#endif
