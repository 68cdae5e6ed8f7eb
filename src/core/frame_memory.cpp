#include <twill/core/frame_memory.hpp>

#include <new>

namespace twill::inline TWILL_ABI::detail {

#ifdef TWILL_ASAN

void* allocate_frame(std::size_t size) { return ::operator new(size); }
void free_frame(void* block, std::size_t size) noexcept { ::operator delete(block, size); }

#else

namespace {

constexpr std::size_t granule = 64;
constexpr std::size_t classes = 32;
constexpr std::size_t most_cached_bytes = 8U << 20U;

constexpr std::size_t class_of(std::size_t size) noexcept { return (size + granule - 1) / granule; }

struct free_block {
    free_block* next;
};

// Trivially destructible on purpose: frames may be freed while the thread's other thread-locals are
// destroyed. `drainer` below empties it at the thread's end.
struct frame_cache {
    free_block* lists[classes + 1];
    std::size_t bytes;
    bool draining_arranged;
    bool closed;
};

constinit TWILL_THREAD_LOCAL frame_cache cache{};

struct drainer {
    ~drainer() {
        cache.closed = true;
        for (std::size_t c = 1; c <= classes; ++c)
            while (free_block* block = cache.lists[c]) {
                cache.lists[c] = block->next;
                ::operator delete(block, c * granule);
            }
    }
};

void arrange_draining() noexcept {
    static thread_local drainer at_exit;
    static_cast<void>(at_exit);
    cache.draining_arranged = true;
}

}  // namespace

void* allocate_frame(std::size_t size) {
    const std::size_t c = class_of(size);
    if (c > classes) return ::operator new(size);
    if (free_block* block = cache.lists[c]) {
        cache.lists[c] = block->next;
        cache.bytes -= c * granule;
        return block;
    }
    return ::operator new(c * granule);
}

void free_frame(void* block, std::size_t size) noexcept {
    const std::size_t c = class_of(size);
    if (c > classes) return ::operator delete(block, size);
    const std::size_t bytes = c * granule;
    if (cache.closed || cache.bytes + bytes > most_cached_bytes)
        return ::operator delete(block, bytes);
    if (!cache.draining_arranged) arrange_draining();
    auto* freed = static_cast<free_block*>(block);
    freed->next = cache.lists[c];
    cache.lists[c] = freed;
    cache.bytes += bytes;
}

#endif

}  // namespace twill::inline TWILL_ABI::detail
