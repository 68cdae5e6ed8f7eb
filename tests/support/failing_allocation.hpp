// Allocations that fail when a test says so, and are counted. Replaces operator new in all of the
// program: for one source file of it. The thread sanitizer, whose own would be defined twice, does
// without.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>

#ifdef TWILL_TSAN
#error "the thread sanitizer defines operator new itself"
#endif

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace twill_test::allocations {

inline twill::atomic<long> alive{0};
// How many succeed before one fails; negative: none fails, or the one that should has.
inline twill::atomic<long> until_failure{-1};
inline twill::atomic<bool> has_failed{false};

inline void* allocate(std::size_t size, std::size_t alignment) {
    if (until_failure.load(std::memory_order_relaxed) >= 0 && until_failure.fetch_sub(1) == 0) {
        has_failed.store(true);
        throw std::bad_alloc();
    }
    const std::size_t rounded = (std::max<std::size_t>(size, 1) + alignment - 1) / alignment;
    void* const memory = std::aligned_alloc(alignment, rounded * alignment);
    if (memory == nullptr) throw std::bad_alloc();
    alive.fetch_add(1, std::memory_order_relaxed);
    return memory;
}

inline void release(void* memory) noexcept {
    if (memory != nullptr) alive.fetch_sub(1, std::memory_order_relaxed);
    std::free(memory);
}

inline void* allocate_or_null(std::size_t size, std::size_t alignment) noexcept {
    try {
        return allocate(size, alignment);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

inline constexpr std::size_t usual = alignof(std::max_align_t);
constexpr std::size_t number(std::align_val_t alignment) {
    return static_cast<std::size_t>(alignment);
}

}  // namespace twill_test::allocations

// All of them: the sanitizers have their own of those that are left out.
using std::align_val_t;
using std::nothrow_t;
using std::size_t;
namespace of_test = twill_test::allocations;
void* operator new(size_t n) { return of_test::allocate(n, of_test::usual); }
void* operator new[](size_t n) { return of_test::allocate(n, of_test::usual); }
void* operator new(size_t n, align_val_t a) { return of_test::allocate(n, of_test::number(a)); }
void* operator new[](size_t n, align_val_t a) { return of_test::allocate(n, of_test::number(a)); }
void* operator new(size_t n, const nothrow_t&) noexcept {
    return of_test::allocate_or_null(n, of_test::usual);
}
void* operator new[](size_t n, const nothrow_t&) noexcept {
    return of_test::allocate_or_null(n, of_test::usual);
}
void* operator new(size_t n, align_val_t a, const nothrow_t&) noexcept {
    return of_test::allocate_or_null(n, of_test::number(a));
}
void* operator new[](size_t n, align_val_t a, const nothrow_t&) noexcept {
    return of_test::allocate_or_null(n, of_test::number(a));
}
void operator delete(void* memory) noexcept { of_test::release(memory); }
void operator delete[](void* memory) noexcept { of_test::release(memory); }
void operator delete(void* memory, size_t) noexcept { of_test::release(memory); }
void operator delete[](void* memory, size_t) noexcept { of_test::release(memory); }
void operator delete(void* memory, align_val_t) noexcept { of_test::release(memory); }
void operator delete[](void* memory, align_val_t) noexcept { of_test::release(memory); }
void operator delete(void* memory, size_t, align_val_t) noexcept { of_test::release(memory); }
void operator delete[](void* memory, size_t, align_val_t) noexcept { of_test::release(memory); }
void operator delete(void* memory, const nothrow_t&) noexcept { of_test::release(memory); }
void operator delete[](void* memory, const nothrow_t&) noexcept { of_test::release(memory); }
void operator delete(void* memory, align_val_t, const nothrow_t&) noexcept {
    of_test::release(memory);
}
void operator delete[](void* memory, align_val_t, const nothrow_t&) noexcept {
    of_test::release(memory);
}
