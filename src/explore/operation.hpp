// What a thread is about to do, as far as the explorer needs to know.
//
// Names are stable from run to run: threads are numbered in the order of their creation, objects
// and places in the order of their first use. Never by an address, which changes with the wind.
#pragma once

#include <twill/core/config.hpp>

#include <cstdint>

namespace twill::inline TWILL_ABI::explore {

using thread_id = std::uint32_t;
using object_id = std::uint64_t;     // 0: none
using place_id = std::uint32_t;      // a call site, interned by the client; 0: unknown
using virtual_time = std::uint64_t;  // nanoseconds since the run began

inline constexpr object_id every_object = ~object_id{0};  // its order to all others can matter
inline constexpr thread_id no_thread = ~thread_id{0};
inline constexpr virtual_time no_deadline = ~virtual_time{0};

enum class op_kind : std::uint8_t {
    begin,  // the first step of a thread
    load,
    store,
    rmw,
    lock,
    try_lock,
    unlock,
    wait,    // for a condition, a semaphore, a futex, a barrier, an event, ...
    notify,  // whoever waits so
    spawn,
    join,
    yield,
    sleep,
    io,
    other,
    end,  // the last step of a thread
};

[[nodiscard]] constexpr const char* name(op_kind kind) noexcept {
    constexpr const char* names[] = {"begin",  "load", "store",  "rmw",   "lock", "try_lock",
                                     "unlock", "wait", "notify", "spawn", "join", "yield",
                                     "sleep",  "io",   "other",  "end"};
    return names[static_cast<unsigned>(kind)];
}

struct operation {
    op_kind kind = op_kind::other;
    // Whether it may change what others see in `object`. If that is known only afterwards (a
    // compare-and-swap, a try_lock): true.
    bool writes = true;
    // It cannot be done now: somebody else has to `wake` the thread, or its deadline to pass.
    bool blocked = false;
    // It takes part in the one order of all such operations (sequentially consistent ones, in a
    // memory that is not): the order of any two of them can matter.
    bool ordered = false;
    // Its deadline is there for the case that something hangs: it passes when nobody else can run,
    // and not because somebody was slow.
    bool patient = false;
    place_id place = 0;
    object_id object = 0;
    virtual_time deadline = no_deadline;
};

// Whether the order of the two can matter.
[[nodiscard]] constexpr bool conflict(const operation& a, const operation& b) noexcept {
    if (a.object == every_object || b.object == every_object) return true;
    return (a.object != 0 && a.object == b.object && (a.writes || b.writes)) ||
           (a.ordered && b.ordered);
}

// A name for where `what` is done, if need be with what it is done to, as a hash.
[[nodiscard]] constexpr std::uint64_t place_key(const operation& what, bool with_object) noexcept {
    std::uint64_t key = (std::uint64_t{what.place} << 8) | static_cast<std::uint64_t>(what.kind);
    key = (key + 1) * 0x9e3779b97f4a7c15U;
    if (with_object) key = (key ^ (key >> 29) ^ what.object) * 0xbf58476d1ce4e5b9U;
    return key ^ (key >> 32);
}

}  // namespace twill::inline TWILL_ABI::explore
