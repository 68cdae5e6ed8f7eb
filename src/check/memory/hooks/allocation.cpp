// malloc, operator new and their relatives, on the heap that remembers (memory/heap.hpp).
//
// It is the process's only heap from its first allocation on, also where `twill check` is not at
// work: a block must not go back to another heap than it came from. All threads come here, also
// those that the explorer does not know, so there is a lock; nobody waits for anything else while
// holding it. An allocation is no scheduling point.
#include "check/freed_stacks.hpp"
#include "check/memory_mode.hpp"
#include "check/scheduler.hpp"
#include "check/system.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <new>

namespace twill::inline TWILL_ABI::check {
namespace {

constinit heap the_heap;
constinit twill::atomic<bool> heap_taken{false};

class heap_lock {
public:
    heap_lock() noexcept {
        while (heap_taken.exchange(true, std::memory_order_acquire)) raw_syscall(SYS_sched_yield);
    }
    ~heap_lock() { heap_taken.store(false, std::memory_order_release); }
    heap_lock(const heap_lock&) = delete;
    heap_lock& operator=(const heap_lock&) = delete;
};

void* allocate(std::size_t size, std::size_t alignment, bool zeroed, const void* pc) noexcept {
    const no_switching inside;
    const heap::origin by = here(pc);
    void* made = nullptr;
    {
        const heap_lock held;
        made = the_heap.allocate(size, by, alignment, zeroed);
    }
    if (made == nullptr) {
        errno = ENOMEM;
        return nullptr;
    }
    memory_allocated(made, size);
    return made;
}

void release(void* begin, const void* pc) noexcept {
    if (begin == nullptr) return;
    // Before: from then on its bytes are no accesses of the program's.
    if (const heap::block* const block = heap_block_at(reinterpret_cast<std::uintptr_t>(begin)))
        if (block->now == heap::state::allocated) memory_about_to_be_freed(begin, block->size, pc);
    const no_switching inside;
    const heap::origin by = here(pc);
    auto result = heap::release_result::freed;
    {
        const heap_lock held;
        result = the_heap.release(begin, by);
    }
    if (result == heap::release_result::freed && !memory_mode()) remember_free(begin);
    if (result != heap::release_result::freed && in_run() && self_even_inside() != nullptr)
        bad_free(begin, result);
}

std::size_t size_of(void* begin) noexcept {
    const heap::block* const block = heap_block_at(reinterpret_cast<std::uintptr_t>(begin));
    return block == nullptr ? 0 : block->size;
}

// A large block that grows bit by bit must not be copied each time.
bool resize_large(void* begin, std::size_t size) noexcept {
    const heap_lock held;
    return the_heap.resize(begin, size);
}

void* reallocate(void* old, std::size_t size, const void* pc) noexcept {
    if (old == nullptr) return allocate(size, 16, false, pc);
    if (size == 0) {
        release(old, pc);
        return nullptr;
    }
    // Else always elsewhere, so that who still has the old address is found out.
    if (resize_large(old, size)) return old;
    void* const made = allocate(size, 16, false, pc);
    if (made == nullptr) return nullptr;
    {
        const no_switching inside;
        std::memcpy(made, old, std::min(size, size_of(old)));
    }
    release(old, pc);
    return made;
}

bool power_of_two(std::size_t number) noexcept {
    return number != 0 && (number & (number - 1)) == 0;
}

// What does not fit is for the C++ library's operator to say: it calls the handler, and throws.
using new_function = void*(std::size_t);
using aligned_new_function = void*(std::size_t, std::align_val_t);

void* make(std::size_t size, const void* pc) {
    void* const made = allocate(size, 16, false, pc);
    if (made != nullptr) return made;
    auto* const refuse = real<new_function>("_Znwm");
    return refuse == nullptr ? nullptr : refuse(size);
}
void* make(std::size_t size, std::align_val_t alignment, const void* pc) {
    void* const made = allocate(size, static_cast<std::size_t>(alignment), false, pc);
    if (made != nullptr) return made;
    auto* const refuse = real<aligned_new_function>("_ZnwmSt11align_val_t");
    return refuse == nullptr ? nullptr : refuse(size, alignment);
}

}  // namespace

const heap::block* heap_block_at(std::uintptr_t address) noexcept {
    return the_heap.contains(address) ? the_heap.find(address) : nullptr;
}

}  // namespace twill::inline TWILL_ABI::check

using namespace twill::check;

// ---- C

TWILL_INTERPOSED void* malloc(std::size_t size) noexcept {
    return allocate(size, 16, false, TWILL_CALLER);
}
TWILL_INTERPOSED void* calloc(std::size_t count, std::size_t size) noexcept {
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return nullptr;
    }
    return allocate(bytes, 16, true, TWILL_CALLER);
}
TWILL_INTERPOSED void* realloc(void* old, std::size_t size) noexcept {
    return reallocate(old, size, TWILL_CALLER);
}
TWILL_INTERPOSED void* reallocarray(void* old, std::size_t count, std::size_t size) noexcept {
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return nullptr;
    }
    return reallocate(old, bytes, TWILL_CALLER);
}
TWILL_INTERPOSED void free(void* begin) noexcept { release(begin, TWILL_CALLER); }

TWILL_INTERPOSED void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    if (!power_of_two(alignment)) {
        errno = EINVAL;
        return nullptr;
    }
    return allocate(size, alignment, false, TWILL_CALLER);
}
TWILL_INTERPOSED void* memalign(std::size_t alignment, std::size_t size) noexcept {
    if (!power_of_two(alignment)) {
        errno = EINVAL;
        return nullptr;
    }
    return allocate(size, alignment, false, TWILL_CALLER);
}
TWILL_INTERPOSED int posix_memalign(void** made, std::size_t alignment, std::size_t size) noexcept {
    if (!power_of_two(alignment) || alignment < sizeof(void*)) return EINVAL;
    const int kept = errno;
    void* const block = allocate(size, alignment, false, TWILL_CALLER);
    errno = kept;
    if (block == nullptr) return ENOMEM;
    *made = block;
    return 0;
}
TWILL_INTERPOSED void* valloc(std::size_t size) noexcept {
    return allocate(size, 4096, false, TWILL_CALLER);
}
TWILL_INTERPOSED void* pvalloc(std::size_t size) noexcept {
    return allocate((size + 4095) / 4096 * 4096, 4096, false, TWILL_CALLER);
}
TWILL_INTERPOSED std::size_t malloc_usable_size(void* begin) noexcept {
    return begin == nullptr ? 0 : size_of(begin);
}

// ---- C++: by themselves, so that the place is the program's and not the C++ library's. A
// program's own replacements win over them, as over the C++ library's.

#define TWILL_OPERATOR __attribute__((visibility("default")))

TWILL_OPERATOR void* operator new(std::size_t size) { return make(size, TWILL_CALLER); }
TWILL_OPERATOR void* operator new[](std::size_t size) { return make(size, TWILL_CALLER); }
TWILL_OPERATOR void* operator new(std::size_t size, std::align_val_t alignment) {
    return make(size, alignment, TWILL_CALLER);
}
TWILL_OPERATOR void* operator new[](std::size_t size, std::align_val_t alignment) {
    return make(size, alignment, TWILL_CALLER);
}
TWILL_OPERATOR void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return allocate(size, 16, false, TWILL_CALLER);
}
TWILL_OPERATOR void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
    return allocate(size, 16, false, TWILL_CALLER);
}
TWILL_OPERATOR void* operator new(std::size_t size, std::align_val_t alignment,
                                  const std::nothrow_t&) noexcept {
    return allocate(size, static_cast<std::size_t>(alignment), false, TWILL_CALLER);
}
TWILL_OPERATOR void* operator new[](std::size_t size, std::align_val_t alignment,
                                    const std::nothrow_t&) noexcept {
    return allocate(size, static_cast<std::size_t>(alignment), false, TWILL_CALLER);
}

#define TWILL_DELETE(...)                                                                       \
    TWILL_OPERATOR void operator delete(__VA_ARGS__) noexcept { release(begin, TWILL_CALLER); } \
    TWILL_OPERATOR void operator delete[](__VA_ARGS__) noexcept { release(begin, TWILL_CALLER); }

TWILL_DELETE(void* begin)
TWILL_DELETE(void* begin, std::size_t)
TWILL_DELETE(void* begin, std::align_val_t)
TWILL_DELETE(void* begin, std::size_t, std::align_val_t)
TWILL_DELETE(void* begin, const std::nothrow_t&)
TWILL_DELETE(void* begin, std::align_val_t, const std::nothrow_t&)
