// Finds data races: two accesses to the same bytes, one of them a write, not both atomic, of which
// neither happened before the other.
//
// Happens-before is what the C++ memory model says, by vector clocks: thread start and join,
// mutexes and their relatives, atomics by their memory orders (with release sequences as in C++20),
// and fences. So a race is found in a run in which nothing went wrong, also where the two accesses
// were far apart. The rule for what to remember is that of "FastTrack" (Flanagan and Freund, PLDI
// 2009), made to work by single bytes and to tell atomic accesses from plain ones.
//
//     detector.spawn(main, worker);
//     detector.access(worker, address, 4, access_record::write, place);
//     if (const race* found = detector.access(main, address, 4, access_record::plain_read, here))
//     ...
#pragma once

#include <twill/core/config.hpp>

#include <cstddef>
#include <cstdint>

#include "call_tree.hpp"
#include "explore/arena.hpp"
#include "explore/vector_clock.hpp"
#include "shadow_memory.hpp"

namespace twill::inline TWILL_ABI::check {

using explore::thread_id;

struct race {
    struct side {
        thread_id thread;
        std::uint8_t kind;  // bits of access_record::kind
        call_id place;
        explore::tick time;
    };
    side earlier;
    side later;
    std::uintptr_t address;  // the first byte that both touch
};

enum class atomic_op : std::uint8_t { load, store, read_modify_write };

// Which halves of a memory order matter here: sequential consistency is acquire and release, as
// each execution that is explored is sequentially consistent anyway.
struct order {
    bool acquire;
    bool release;

    // From the value of a std::memory_order or an __ATOMIC_ constant.
    [[nodiscard]] static constexpr order of(int memory_order) noexcept {
        constexpr int relaxed = 0, release = 3, consume = 1, acquire = 2;
        return {memory_order != relaxed && memory_order != release,
                memory_order != relaxed && memory_order != consume && memory_order != acquire};
    }
};

class race_detector {
public:
    race_detector(explore::arena& memory, shadow_memory::source pages) noexcept;

    // ---- threads, numbered by the client; one that `begin`s has no parent

    void begin(thread_id thread) noexcept;
    void spawn(thread_id parent, thread_id child) noexcept;
    void join(thread_id thread, thread_id ended) noexcept;

    // ---- what orders

    // An object at an address, of whatever kind: who acquires has seen what those who released saw.
    void acquire(thread_id thread, std::uintptr_t object) noexcept;
    void release(thread_id thread, std::uintptr_t object) noexcept;
    // An atomic operation orders, by its `order`, and is itself an access of `size` bytes, which is
    // what the result is about.
    const race* atomic(thread_id thread, std::uintptr_t object, std::size_t size,
                       atomic_op operation, order how, call_id place) noexcept;
    void fence(thread_id thread, order how) noexcept;

    // ---- what must be ordered

    // `kind`: bits of access_record::kind. Gives the race with an earlier access, if there is one;
    // it is not given again. Null, or valid until the next call.
    const race* access(thread_id thread, std::uintptr_t address, std::size_t size,
                       std::uint8_t kind, call_id place) noexcept;

    [[nodiscard]] shadow_memory& shadow() noexcept { return shadow_; }
    [[nodiscard]] const explore::vector_clock& clock_of(thread_id thread) const noexcept {
        return threads_[thread].now;
    }

private:
    struct thread_state {
        explore::vector_clock now;
        explore::tick time;              // its own component of `now`
        explore::vector_clock acquired;  // by relaxed loads; an acquire fence makes it count
        explore::vector_clock
            fenced;  // what a relaxed store releases: `now` at the last release fence
    };

    thread_state& state(thread_id thread) noexcept;
    void tick(thread_id thread, thread_state& its) noexcept;
    bool check(granule& where, std::uintptr_t address, const thread_state& its,
               const access_record& made, race& found) noexcept;

    explore::arena& memory_;
    shadow_memory shadow_;
    explore::row<thread_state> threads_;
    race found_{};
};

}  // namespace twill::inline TWILL_ABI::check
