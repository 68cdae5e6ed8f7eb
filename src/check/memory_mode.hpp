// Memory mode: what a program that was compiled with -fsanitize=thread tells of itself.
//
// The compiler puts a call before each access to memory, and at the begin and end of each function;
// hooks/ has these functions, and all they do is to come here. An atomic operation is a scheduling
// point, any other access if the run asks for that; then it is looked up in the heap (freed? behind
// the end?), and is checked for races. Of the sync mode it learns who synchronises with whom.
//
// One thread at a time is here, the one that has the baton. Nothing here allocates by the program's
// allocator, which is ours, too.
#pragma once

#include "check/memory/heap.hpp"
#include "check/memory/race_detector.hpp"
#include "check/thread.hpp"

#include <cstddef>
#include <cstdint>

namespace twill::inline TWILL_ABI::check {

// ---- the program

// The program is instrumented: it said so by __tsan_init.
void program_is_instrumented() noexcept;
[[nodiscard]] bool memory_mode() noexcept;
// Once, before runs are forked off: what they need is made, so that they need not make it.
void prepare_memory_mode() noexcept;

// ---- threads: the scheduler tells. All do nothing outside of memory mode.

void memory_of_new_thread(const thread* parent, thread& made) noexcept;
void memory_of_begun_thread(thread& me) noexcept;  // called by itself
void memory_after_join(const thread& me, const thread& ended) noexcept;
void memory_acquired(const thread& me, const void* object) noexcept;
void memory_released(const thread& me, const void* object) noexcept;

// ---- what the program does: the hooks tell. `pc`: the return address into the program.

void enter_function(const void* pc) noexcept;
void leave_function() noexcept;

// `kind`: bits of access_record::kind.
void access(const void* address, std::size_t size, std::uint8_t kind, const void* pc) noexcept;
// Accesses of functions of the library's own that work on whole ranges. One scheduling point each.
inline void read_range(const void* from, std::size_t size, const void* pc) noexcept {
    if (size != 0) access(from, size, access_record::plain_read, pc);
}
inline void write_range(void* to, std::size_t size, const void* pc) noexcept {
    if (size != 0) access(to, size, access_record::write, pc);
}

// Around an atomic operation: `before` is the scheduling point; what happens until `after` happens
// at once. `changed`: whether the value is another than before. False: nobody wants to know.
[[nodiscard]] bool before_atomic(const volatile void* object, std::size_t size, atomic_op operation,
                                 const void* pc) noexcept;
void after_atomic(const volatile void* object, std::size_t size, atomic_op operation, order how,
                  bool changed, const void* pc) noexcept;
void fence(order how) noexcept;

// What the program does to its memory as a whole.
void memory_allocated(void* begin, std::size_t size) noexcept;
void memory_about_to_be_freed(void* begin, std::size_t size, const void* pc) noexcept;
void memory_begins_anew(const void* begin, std::size_t size) noexcept;
// Where the calling thread is, for the heap's books.
[[nodiscard]] heap::origin here(const void* pc) noexcept;

// A mutex or the like that lies in memory which was freed must not be used any more; ends the run.
// `by`: who waits at it; null: the calling thread is about to use it.
void check_lifetime(object_kind kind, const void* object, const thread* by = nullptr) noexcept;

// A free that was none; ends the run. In a program that is not instrumented, too.
[[noreturn]] void bad_free(const void* address, heap::release_result why) noexcept;

// ---- annotations

void ignore_accesses(bool begin) noexcept;  // of this thread; nests
void benign_race(const void* address, std::size_t size) noexcept;

// Fibers: stacks that the program switches by itself. The current one is never null in a run.
struct flow;
[[nodiscard]] flow* current_flow() noexcept;
[[nodiscard]] flow* make_flow() noexcept;
void switch_flow(flow* to, bool orders) noexcept;

// ---- the program's heap: hooks/allocation.cpp keeps it

// The block that the byte at `address` belongs to, or belonged to. Null: it is not in the heap.
[[nodiscard]] const heap::block* heap_block_at(std::uintptr_t address) noexcept;

}  // namespace twill::inline TWILL_ABI::check
