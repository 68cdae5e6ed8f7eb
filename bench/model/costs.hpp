// What the model of the compute pool takes for granted: how long each step takes, and the policy.
#pragma once

#include <twill/core/config.hpp>

#include <cstdint>

namespace twill::inline TWILL_ABI::bench {

// Virtual time, in picoseconds: a fork costs less than a nanosecond. 2^63 of them are 106 days.
using ticks = std::int64_t;
inline constexpr ticks ns = 1'000;
inline constexpr ticks us = 1'000 * ns;
inline constexpr ticks ms = 1'000 * us;

// Constants, so that the model gives the same figures everywhere; `measure_costs` says what they
// are on this machine, and the suite prints both. Each is for one step on one thread.
struct costs {
    ticks fork = 3 * ns / 2;       // push, look at the poke, pop
    ticks loop = 10 * ns;          // to begin and to end a loop
    ticks line = 100 * ns;         // to read a cache line that another core wrote last
    ticks promote = 30 * ns;       // a beat with its promotion, without waking anybody
    ticks take_back = 10 * ns;     // one locked operation on a line of one's own
    ticks lock = 50 * ns;          // a critical section that nobody else wants
    ticks wake_call = 2 * us;      // the system call that wakes a thread, for the caller
    ticks wake = 15 * us;          // from that call to the woken thread's first instruction
    ticks start_thread = 10 * us;  // for the caller
    ticks sleep = 2 * us;          // a thread that parks: until its core is free
    ticks spin = 1 * us;           // how long a waiter looks before it sleeps
    ticks beat = 100 * us;         // what the ticker asks to sleep ...
    ticks slow_beat = 1 * ms;      // the same while ticks change nothing
    ticks beat_late = 15 * us;     // ... and how much later it wakes
    ticks look = 20 * us;          // how long who has asked for work looks around

    // The ticker looks at the activity and the offer of each worker, and writes its poke: three
    // lines that the worker uses meanwhile.
    int ticker_lines = 3;
    [[nodiscard]] ticks ticker_per_worker() const { return ticker_lines * line; }
    // A thief moves the offer and the job to itself; their neighbours come along.
    [[nodiscard]] ticks steal() const { return 2 * line; }
};

// The rules that could be others. As they stand here: the pool as it is.
struct policy {
    // The first fork of a job that was taken wakes somebody, instead of waiting for a beat.
    bool first_offer_invites = true;
    // The ticker also pokes those who began after the tick before.
    bool poke_newcomers = true;
    // A loop whose iterations fork begins them one by one, so that a beat can give away all others.
    bool one_by_one = true;
    // A thread that has run out of work after a beat or more pokes up to eight of those who have
    // some, and looks around before it sleeps.
    bool asks = true;
    // With no core free, or after eight ticks that led to nothing, the next one comes late.
    bool slow_ticks = true;
    // A thief that finds nothing pokes a worker with nothing on offer, and looks again, so many
    // times before it sleeps.
    int hunger_pokes = 0;
    ticks hunger_patience = 3 * us;  // until it looks again
    // The ticker calls as many threads as there are free cores and offers that it sees, instead of
    // one for each offer that it saw before.
    bool call_for_all = false;
    // The beat while a core is free and its thread asleep; 0: as always.
    ticks hungry_beat = 0;
    // The lock spins for a microsecond before it sleeps.
    bool lock_spins = false;
};

// On this machine, now: the lowest of several tries.
[[nodiscard]] costs measure_costs();

}  // namespace twill::inline TWILL_ABI::bench
