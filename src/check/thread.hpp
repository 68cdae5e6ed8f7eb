// A thread of the program, as the scheduler sees it.
#pragma once

#include "check/system.hpp"

#include <twill/check/protocol.hpp>

#include <pthread.h>

#include <cstdint>

namespace twill::inline TWILL_ABI::check {

struct thread;

// Whether an operation that had to wait can go on now. Pure: asked whenever something has changed.
using readiness = bool (*)(const thread& asking) noexcept;

// Who holds what a thread waits for; null: nobody in particular.
using holding = const thread* (*)(const thread& asking) noexcept;

inline constexpr std::uint64_t never = ~std::uint64_t{0};

// What a thread is about to do. Announced before it happens, so that a strategy can choose by it.
struct operation {
    action kind = action::begin;
    object_kind what = object_kind::none;
    const void* object = nullptr;    // its address
    std::uint64_t number = 0;        // and its number, in the order of first use
    const void* place = nullptr;     // where in the program
    readiness ready = nullptr;       // null: it can go on at once
    holding holder = nullptr;        //
    std::uint64_t argument = 0;      // for both
    std::uint64_t deadline = never;  // virtual time at which it goes on without being ready
};

inline constexpr std::uint32_t most_held = 16;

struct held_lock {
    const void* object;
    std::uint64_t number;
    bool shared;  // for reading
};

struct thread {
    std::uint32_t index = 0;  // in the order of creation; never reused in a run
    std::uint32_t parent = 0;
    thread_state state = thread_state::unused;
    operation next;
    bool timed_out = false;        // the last wait ended by its deadline
    gate baton;                    // opened when it is this thread's turn
    bool show_stack = false;       // woken to note its stack, not to run
    std::uint32_t in_runtime = 0;  // depth of our own code and of libc's locks: no switching
    pthread_t handle{};
    long kernel_id = 0;
    void* (*start)(void*) = nullptr;
    void* argument = nullptr;
    void* c11_start = nullptr;  // what a C11 thread runs, and with what
    void* c11_argument = nullptr;
    bool joinable = true;
    bool forgotten = false;  // joined, or detached and ended: its handle may be another's
    void* result = nullptr;
    std::uint32_t end_rounds = 0;  // see `at_thread_end`
    std::uint32_t held_count = 0;  // locks, the youngest last
    held_lock held[most_held] = {};
    std::uint32_t held_beside = 0;  // for which there was no room
    // For a notification (see waiters.hpp): it waits; it was notified; the order of arrival.
    bool waiting = false;
    bool notified = false;
    std::uint64_t arrival = 0;
    std::uint64_t left = 0;          // the object where it waited before; and when that ended,
    std::uint64_t left_at = 0;       // in the same order
    std::uint64_t extra = 0;         // of the primitive that it waits in
    const void* meets_at = nullptr;  // the barrier whose last it waits for
    std::uint32_t clock_reads = 0;   // since it slept
    // See cancellation.hpp. It was asked to end, and does not want to; it waits where it may be cut
    // short, and was.
    bool cancel_wanted = false;
    bool cancel_disabled = false;
    bool cancellable = false;
    bool cut_short = false;
    // See signals.hpp: sent to it and not handled yet; blocked by it. And whether its last wait was
    // given up for one.
    std::uint64_t signals = 0;
    std::uint64_t blocked = 0;
    bool interrupted = false;
    char name[16] = {};
    void* memory_state = nullptr;  // of memory mode
};

}  // namespace twill::inline TWILL_ABI::check
