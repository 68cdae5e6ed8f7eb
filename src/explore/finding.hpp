// What a run ended with, as a record that can lie in memory shared with whoever reports it.
#pragma once

#include "operation.hpp"

#include <cstdint>

namespace twill::inline TWILL_ABI::explore {

struct finding {
    enum class kind : std::uint8_t {
        none,
        failed_assertion,
        fatal_signal,
        uncaught_exception,
        exit_status,
        deadlock,
        livelock,
        step_limit,
        data_race,
        lock_order,
        lost_signal,
        misused_primitive,  // unlocked by another, destroyed while held, ...
        use_after_free,
        double_free,
        leaked_thread,
        diverged,  // a replay went another way
    };

    // Who, doing what, and where. `code` is what the client can make a source line from, and the
    // same in each run: an address relative to its module, not an address.
    struct party {
        thread_id thread = no_thread;
        op_kind doing = op_kind::other;
        object_id object = 0;
        std::uint64_t code = 0;
    };

    kind what = kind::none;
    int number = 0;  // of the signal, or the exit status
    // First the one who failed; of a race, both.
    party parties[2];
    char text[256] = {};

    // Whether two runs failed in the same way, possibly with their roles exchanged. Numbers of
    // threads and objects may differ.
    [[nodiscard]] bool same_as(const finding& other) const noexcept {
        if (what != other.what || number != other.number) return false;
        const auto a = parties[0].code, b = parties[1].code;
        const auto c = other.parties[0].code, d = other.parties[1].code;
        return (a == c && b == d) || (a == d && b == c);
    }
};

[[nodiscard]] constexpr const char* name(finding::kind kind) noexcept {
    constexpr const char* names[] = {
        "nothing",        "failed assertion", "fatal signal",  "uncaught exception",
        "exit status",    "deadlock",         "livelock",      "step limit",
        "data race",      "lock order",       "lost signal",   "misused primitive",
        "use after free", "double free",      "leaked thread", "diverged"};
    return names[static_cast<unsigned>(kind)];
}

}  // namespace twill::inline TWILL_ABI::explore
