// What a check has found, in the command's own memory: taken from a session after the run that was
// made for the report, named and ready to be shown in any form.
#pragma once

#include "twill/check/checked_program.hpp"
#include "twill/check/symbols.hpp"

#include <twill/check/protocol.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace twill_command::check {

// What a thread was doing when the run ended.
struct thread_account {
    unsigned index = 0;
    std::string name;  // given by the program, or "main", or ""
    bool ended = false;
    bool blocked = false;
    std::string doing;  // "waits for mutex 2"
    std::optional<unsigned> waits_for;
    bool waits_for_end = false;  // of that thread: what it does says so already
    stack where;
};

struct step_account {
    unsigned thread = 0;
    std::string doing;  // "locks mutex 2"
    bool waited = false;
    std::uint64_t time_ns = 0;
    stack where;
};

struct finding_account {
    std::string kind;     // "deadlock": short and stable
    std::string summary;  // one line
    bool ended_run = false;
    unsigned thread = 0;
    std::optional<unsigned> other;
    std::string object;  // "mutex 2", or ""
    stack here;
    stack there;
    // Of findings about memory: whose it is, and for a heap block where it was allocated.
    std::string memory;
    stack allocated;
};

struct failing_run {
    std::uint64_t number = 0;               // which schedule it was, from 1
    std::string strategy;                   // that found it; empty in a replay
    std::string points;                     // "sync", ...: where threads were switched
    std::vector<finding_account> findings;  // the strongest first
    std::vector<thread_account> threads;
    std::vector<step_account> steps;
    bool steps_cut = false;     // there were more
    bool is_usual_end = false;  // its exit status is that of all that came to their end
    std::string schedule;
    std::string output;  // the end of what the program wrote
    std::string saved_to;
};

// After a replay with events.
failing_run take_account(checked_program& of);

// The same as JSON and reports have them: "deadlock", "pos", "memory".
std::string_view name_of(protocol::finding_kind kind);
std::string_view name_of(protocol::strategy_kind kind);
std::string_view name_of(protocol::granularity points);

}  // namespace twill_command::check
