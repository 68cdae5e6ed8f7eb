// A heap a thread, after mimalloc (Leijen, Zorn, de Moura, "Mimalloc: free list sharding in
// action", 2019): each span holds blocks of one size and has a free list of its own, so that a
// span whose last block is freed is empty as a whole and serves any other size, or goes back to the
// system.
//
//   allocate   from the current span of the size: its free list, then its fresh blocks. Slowly:
//              what came home, another span with room, a new one.
//   free       on the thread of the block's heap: onto its span's free list. On another: into a
//              batch for that heap, which is pushed onto its `returned` when it is full, when one
//              for another heap begins, or when the thread sleeps or ends.
//
// `returned` is a stack that is pushed to by compare-and-swap and taken whole by the owner: there
// is no ABA problem, because nobody pops. Release on pushing pairs with acquire on taking: the
// freeing thread has done with the block before its owner writes to it.
//
// A thread that ends leaves its heap to `orphans`, from which a thread that begins takes one;
// blocks in use keep their home. What comes home to a heap is put back into its spans when the heap
// needs blocks, and a part of it whenever a thread that has nothing to do tidies its own heap and
// some of the orphans: a span that gets empty so goes back to the system. Heaps are never
// destroyed. What other thread-locals free later still goes home like a foreign thread's; for what
// they allocate a heap is taken and left again each time.
#include "frame_spans.hpp"

#include <twill/core/atomic.hpp>
#include <twill/core/frame_memory.hpp>
#include <twill/core/futex_mutex.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <new>
#include <string_view>
#include <utility>

namespace twill::inline TWILL_ABI::detail {
namespace {

constexpr std::size_t granule = 16;
constexpr std::size_t largest = 2048;
constexpr std::size_t classes = largest / granule + 1;
constexpr unsigned batch_size = 64;

constexpr std::size_t class_of(std::size_t size) noexcept { return (size + granule - 1) / granule; }

// Stands for "no span": nothing in it, and never freed to.
constinit frame_span no_span;

}  // namespace

struct frame_heap {
    frame_heap() noexcept {
        for (frame_span*& each : current) each = &no_span;
    }

    frame_span* current[classes];
    frame_span* with_room[classes] = {};  // further ones
    // Of another heap, to be pushed onto its `returned`.
    frame_heap* batch_home = nullptr;
    free_block* batch = nullptr;
    free_block* batch_last = nullptr;
    unsigned batched = 0;
    frame_heap* next_orphan = nullptr;
    free_block* came_home = nullptr;  // taken from `returned`, not put back yet
    alignas(64) atomic<free_block*> returned{nullptr};
};

namespace {

enum class mode : unsigned char { undecided, plain, own };
#if defined(TWILL_ASAN) || defined(TWILL_TSAN)
constinit atomic<mode> how{mode::plain};
#else
constinit atomic<mode> how{mode::undecided};
#endif

// Decided once, before the first block, by whoever is first.
bool is_plain() noexcept {
    mode now = how.load(std::memory_order_relaxed);
    if (now == mode::undecided) {
        const char* const wish = std::getenv("TWILL_FRAME_MEMORY");
        const bool plain = wish != nullptr && std::string_view(wish) == "plain";
        const mode then = plain ? mode::plain : mode::own;
        if (how.compare_exchange_strong(now, then, std::memory_order_relaxed)) now = then;
    }
    return now == mode::plain;
}

TWILL_INITIAL_EXEC constinit TWILL_THREAD_LOCAL frame_heap* mine = nullptr;

constinit futex_mutex orphans_lock;
constinit frame_heap* orphans = nullptr;  // guarded by it; the one that came last first
constinit frame_heap* last_orphan = nullptr;

// What an idle thread does at a time takes some tens of microseconds.
constexpr std::size_t tidied_at_once = 512;  // blocks
constexpr int orphans_at_once = 4;

void push_home(frame_heap& home, free_block* first, free_block* last) noexcept {
    free_block* top = home.returned.load(std::memory_order_relaxed);
    do {
        last->next = top;
    } while (!home.returned.compare_exchange_weak(top, first, std::memory_order_release,
                                                  std::memory_order_relaxed));
}

void send_batch(frame_heap& heap) noexcept {
    if (heap.batch == nullptr) return;
    push_home(*heap.batch_home, heap.batch, heap.batch_last);
    heap.batch = heap.batch_last = nullptr;
    heap.batched = 0;
}

constinit TWILL_THREAD_LOCAL bool ending = false;

void leave_heap() noexcept {
    frame_heap* const heap = std::exchange(mine, nullptr);
    if (heap == nullptr) return;
    send_batch(*heap);
    std::lock_guard hold(orphans_lock);
    heap->next_orphan = orphans;
    if (orphans == nullptr) last_orphan = heap;
    orphans = heap;
}

// Under the lock.
frame_heap* first_orphan() noexcept {
    frame_heap* const heap = orphans;
    if (heap != nullptr) orphans = std::exchange(heap->next_orphan, nullptr);
    return heap;
}

struct leaver {
    ~leaver() {
        ending = true;
        leave_heap();
    }
};

// Null: there is no memory.
[[gnu::noinline]] frame_heap* find_heap() noexcept {
    {
        std::lock_guard hold(orphans_lock);
        mine = first_orphan();
    }
    if (mine == nullptr) mine = new (std::nothrow) frame_heap;
    if (!ending) {
        static thread_local leaver at_exit;
        static_cast<void>(at_exit);
    }
    return mine;
}

void list(frame_heap& heap, frame_span& span, std::size_t c) noexcept {
    span.listed = true;
    span.previous = nullptr;
    span.next = heap.with_room[c];
    if (span.next != nullptr) span.next->previous = &span;
    heap.with_room[c] = &span;
}

void unlist(frame_heap& heap, frame_span& span, std::size_t c) noexcept {
    span.listed = false;
    (span.previous != nullptr ? span.previous->next : heap.with_room[c]) = span.next;
    if (span.next != nullptr) span.next->previous = span.previous;
}

// The span is not the current one, and either has room for the first time or is empty.
[[gnu::noinline]] void note_room(frame_heap& heap, frame_span& span, std::size_t c) noexcept {
    if (span.used != 0) {
        if (!span.listed) list(heap, span, c);
        return;
    }
    if (span.listed) unlist(heap, span, c);
    give_span_back(span);
}

inline void free_here(frame_heap& heap, frame_span& span, free_block* block,
                      std::size_t c) noexcept {
    block->next = span.free;
    span.free = block;
    --span.used;
    if ((span.used == 0 || !span.listed) && heap.current[c] != &span) note_room(heap, span, c);
}

// So many blocks at most. By the heap's owner.
void take_returned(frame_heap& heap, std::size_t most = SIZE_MAX) noexcept {
    for (; most != 0; --most) {
        if (heap.came_home == nullptr) {
            if (heap.returned.load(std::memory_order_relaxed) == nullptr) return;
            heap.came_home = heap.returned.exchange(nullptr, std::memory_order_acquire);
        }
        free_block* const block = heap.came_home;
        heap.came_home = block->next;
        frame_span& span = span_of(block);
        free_here(heap, span, block, span.block_size / granule);
    }
}

// Those that nobody owns: whoever holds the lock does, meanwhile. In turns.
void tidy_orphans() noexcept {
    std::lock_guard hold(orphans_lock);
    for (int i = 0; i < orphans_at_once; ++i) {
        frame_heap* const heap = first_orphan();
        if (heap == nullptr) return;
        take_returned(*heap, tidied_at_once / orphans_at_once);
        if (orphans == nullptr)
            orphans = heap;
        else
            last_orphan->next_orphan = heap;
        last_orphan = heap;
    }
}

void* pop(frame_span& from) noexcept {
    void* block = from.free;
    if (block != nullptr) {
        from.free = from.free->next;
    } else if (from.fresh != from.end) {
        block = from.fresh;
        from.fresh += from.block_size;
    } else {
        return nullptr;
    }
    ++from.used;
    return block;
}

frame_span* new_span(frame_heap& heap, std::size_t c) noexcept {
    frame_span* const span = take_span();
    if (span == nullptr) return nullptr;
    constexpr std::size_t head = (sizeof(frame_span) + 63) / 64 * 64;
    const std::size_t size = c * granule;
    *span = frame_span{};
    span->block_size = static_cast<std::uint32_t>(size);
    span->fresh = reinterpret_cast<std::byte*>(span) + head;
    span->end = span->fresh + (span_size - head) / size * size;
    span->home = &heap;
    return span;
}

// Null: there is no memory.
void* take_block(frame_heap& heap, std::size_t c) noexcept {
    if (void* const block = pop(*heap.current[c])) return block;
    // The current span is full. It is listed when one of its blocks is freed.
    heap.current[c] = &no_span;
    take_returned(heap);
    frame_span* next = heap.with_room[c];
    if (next != nullptr)
        unlist(heap, *next, c);
    else if ((next = new_span(heap, c)) == nullptr)
        return nullptr;
    heap.current[c] = next;
    return pop(*next);
}

[[gnu::noinline]] void* allocate_slowly(std::size_t size) {
    if (is_plain()) return ::operator new(size);
    frame_heap* const heap = mine != nullptr ? mine : find_heap();
    void* const block = heap != nullptr ? take_block(*heap, class_of(size)) : nullptr;
    if (ending) leave_heap();
    if (block == nullptr) throw std::bad_alloc();
    return block;
}

[[gnu::noinline]] void free_elsewhere(frame_span& span, void* memory, std::size_t size) noexcept {
    if (is_plain()) return ::operator delete(memory, size);
    auto* const block = static_cast<free_block*>(memory);
    frame_heap* const heap = mine;
    if (heap == nullptr) {
        push_home(*span.home, block, block);
        return;
    }
    if (heap->batch_home != span.home) {
        send_batch(*heap);
        heap->batch_home = span.home;
    }
    block->next = heap->batch;
    if (heap->batch == nullptr) heap->batch_last = block;
    heap->batch = block;
    if (++heap->batched == batch_size) send_batch(*heap);
}

}  // namespace

[[gnu::noinline]] void* allocate_frame(std::size_t size) {
    if (size > largest || size == 0) [[unlikely]]
        return ::operator new(size);
    frame_heap* const heap = mine;
    if (heap != nullptr) [[likely]] {
        frame_span& span = *heap->current[class_of(size)];
        if (free_block* const block = span.free) [[likely]] {
            span.free = block->next;
            ++span.used;
            return block;
        }
    }
    return allocate_slowly(size);
}

[[gnu::noinline]] void free_frame(void* block, std::size_t size) noexcept {
    if (size > largest || size == 0) [[unlikely]]
        return ::operator delete(block, size);
    frame_heap* const heap = mine;
    // Without a heap of its own a thread does not look at a span: there may be none.
    if (heap == nullptr || span_of(block).home != heap) [[unlikely]]
        return free_elsewhere(span_of(block), block, size);
    free_here(*heap, span_of(block), static_cast<free_block*>(block), class_of(size));
}

void tidy_frames() noexcept {
    if (frame_heap* const heap = mine) {
        send_batch(*heap);
        take_returned(*heap, tidied_at_once);
    }
    tidy_orphans();
    shrink_reserve();
}

std::size_t idle_frame_bytes() noexcept { return reserve_bytes(); }

bool use_plain_frames() noexcept {
    mode undecided = mode::undecided;
    return how.compare_exchange_strong(undecided, mode::plain) || undecided == mode::plain;
}

}  // namespace twill::inline TWILL_ABI::detail
