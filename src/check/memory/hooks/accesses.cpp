// The functions that -fsanitize=thread calls: at begin and end of functions, before accesses.
//
// The names and arguments are those of ThreadSanitizer's run-time library, which this one stands in
// for; GCC and Clang agree on them. Unaligned accesses are no different here: shadow is kept by the
// byte.
#include "check/memory_mode.hpp"
#include "check/scheduler.hpp"
#include "check/system.hpp"

using namespace twill::check;

namespace {

constexpr std::uint8_t reads = access_record::plain_read;
constexpr std::uint8_t writes = access_record::write;

}  // namespace

// Called before anything else, even before libc knows the environment: nothing can be done here.
TWILL_INTERPOSED void __tsan_init() { program_is_instrumented(); }

TWILL_INTERPOSED void __tsan_func_entry(void* pc) { enter_function(pc); }
TWILL_INTERPOSED void __tsan_func_exit(void*) { leave_function(); }

// NOLINTBEGIN(bugprone-macro-parentheses): the names are pasted, the rest is no expression
#define TWILL_ACCESS(name, size, kind)                   \
    TWILL_INTERPOSED void __tsan_##name(void* address) { \
        access(address, size, kind, TWILL_CALLER);       \
    }
// What the program calls itself, with a place of its own.
#define TWILL_ACCESS_AT(name, size, kind)                               \
    TWILL_INTERPOSED void __tsan_##name##_pc(void* address, void* pc) { \
        access(address, size, kind, pc);                                \
    }
#define TWILL_ACCESSES(size)                       \
    TWILL_ACCESS(read##size, size, reads)          \
    TWILL_ACCESS(write##size, size, writes)        \
    TWILL_ACCESS_AT(read##size, size, reads)       \
    TWILL_ACCESS_AT(write##size, size, writes)     \
    TWILL_ACCESS(volatile_read##size, size, reads) \
    TWILL_ACCESS(volatile_write##size, size, writes)
#define TWILL_UNALIGNED(size)                                \
    TWILL_ACCESS(unaligned_read##size, size, reads)          \
    TWILL_ACCESS(unaligned_write##size, size, writes)        \
    TWILL_ACCESS(unaligned_volatile_read##size, size, reads) \
    TWILL_ACCESS(unaligned_volatile_write##size, size, writes)
// Clang's -tsan-compound-read-before-write: one call for both.
#define TWILL_COMPOUND(size)                                                 \
    TWILL_INTERPOSED void __tsan_read_write##size(void* address) {           \
        access(address, size, reads, TWILL_CALLER);                          \
        access(address, size, writes, TWILL_CALLER);                         \
    }                                                                        \
    TWILL_INTERPOSED void __tsan_unaligned_read_write##size(void* address) { \
        access(address, size, reads, TWILL_CALLER);                          \
        access(address, size, writes, TWILL_CALLER);                         \
    }
// NOLINTEND(bugprone-macro-parentheses)

TWILL_ACCESSES(1)
TWILL_ACCESSES(2)
TWILL_ACCESSES(4)
TWILL_ACCESSES(8)
TWILL_ACCESSES(16)
TWILL_UNALIGNED(2)
TWILL_UNALIGNED(4)
TWILL_UNALIGNED(8)
TWILL_UNALIGNED(16)
TWILL_COMPOUND(1)
TWILL_COMPOUND(2)
TWILL_COMPOUND(4)
TWILL_COMPOUND(8)
TWILL_COMPOUND(16)

TWILL_INTERPOSED void __tsan_read_range(void* address, unsigned long size) {
    read_range(address, size, TWILL_CALLER);
}
TWILL_INTERPOSED void __tsan_write_range(void* address, unsigned long size) {
    write_range(address, size, TWILL_CALLER);
}
TWILL_INTERPOSED void __tsan_read_range_pc(void* address, unsigned long size, void* pc) {
    read_range(address, size, pc);
}
TWILL_INTERPOSED void __tsan_write_range_pc(void* address, unsigned long size, void* pc) {
    write_range(address, size, pc);
}

TWILL_INTERPOSED void __tsan_vptr_read(void** pointer) {
    access(pointer, sizeof *pointer, reads, TWILL_CALLER);
}
// Constructors and destructors write the same pointer again and again where nothing is overridden;
// that changes nothing for anybody.
TWILL_INTERPOSED void __tsan_vptr_update(void** pointer, void* value) {
    if (*pointer != value) access(pointer, sizeof *pointer, writes, TWILL_CALLER);
}
