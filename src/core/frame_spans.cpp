#include "frame_spans.hpp"

#include <twill/core/atomic.hpp>
#include <twill/core/futex_mutex.hpp>

#include <sys/mman.h>

#include <mutex>
#include <new>

namespace twill::inline TWILL_ABI::detail {
namespace {

// To unmap one that was used takes about 10 us.
constexpr int spans_a_time = 4;

constinit futex_mutex lock;
// Guarded by the lock. The last one given back is first: its memory is warm.
constinit frame_span* reserve = nullptr;
// Written under the lock; read without it where the exact number does not matter.
constinit atomic<std::size_t> reserved{0};

void count(std::size_t bytes) noexcept {
    reserved.store(reserved.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
}

std::byte* map(std::size_t size) noexcept {
    void* const memory =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? nullptr : static_cast<std::byte*>(memory);
}

// The kernel puts one mapping below the other, so after a first one that was trimmed the others lie
// right.
std::byte* map_span() noexcept {
    std::byte* const lucky = map(span_size);
    if (lucky == nullptr || reinterpret_cast<std::uintptr_t>(lucky) % span_size == 0) return lucky;
    munmap(lucky, span_size);
    std::byte* const wide = map(2 * span_size);
    if (wide == nullptr) return nullptr;
    const std::size_t before = span_size - reinterpret_cast<std::uintptr_t>(wide) % span_size;
    if (before != 0) munmap(wide, before);
    if (before != span_size) munmap(wide + before + span_size, span_size - before);
    return wide + before;
}

}  // namespace

frame_span* take_span() noexcept {
    {
        std::lock_guard hold(lock);
        if (frame_span* const first = reserve) {
            reserve = first->next;
            count(0 - span_size);
            return first;
        }
    }
    std::byte* const memory = map_span();
    return memory == nullptr ? nullptr : new (memory) frame_span;
}

void give_span_back(frame_span& idle) noexcept {
    std::lock_guard hold(lock);
    idle.next = reserve;
    reserve = &idle;
    count(span_size);
}

void shrink_reserve() noexcept {
    for (int i = 0; i < spans_a_time; ++i) {
        if (reserve_bytes() <= idle_bytes_kept) return;
        frame_span* idle = nullptr;
        {
            std::lock_guard hold(lock);
            if (reserve == nullptr) return;
            idle = reserve;
            reserve = idle->next;
            count(0 - span_size);
        }
        munmap(idle, span_size);
    }
}

std::size_t reserve_bytes() noexcept { return reserved.load(std::memory_order_relaxed); }

}  // namespace twill::inline TWILL_ABI::detail
