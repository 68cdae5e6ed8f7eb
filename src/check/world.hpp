// The state of the library: one, in memory of its own, copied with the process at each fork.
#pragma once

#include "check/objects.hpp"
#include "check/thread.hpp"

#include <twill/check/protocol.hpp>

#include "explore/execution.hpp"

#include <cstdint>

namespace twill::inline TWILL_ABI::check {

struct world {
    session* shared = nullptr;          // with the command; null: the library stays out of the way
    explore::execution* run = nullptr;  // null: no run goes on in this process
    bool stale = false;                 // a `readiness` may have changed
    bool ending = false;                // a finding is being written
    const thread* running = nullptr;    // who has the baton
    std::uint32_t count = 0;            // of threads, ended ones included
    std::uint64_t arrivals = 0;
    std::uint64_t signals = 0;  // sent to the process, and not handled yet
    gate reporter;              // opened when a thread has noted its stack
    thread threads[most_threads];
    object_table objects;
    object_table places;
};

extern constinit world the;

// Whose code this is. Initial-exec: no call, and no allocation at its first use; the library is
// always there from the start of the program.
extern constinit thread_local thread* current __attribute__((tls_model("initial-exec")));

}  // namespace twill::inline TWILL_ABI::check
