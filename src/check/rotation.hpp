// Which strategy a run gets, and where its scheduling points are.
//
// No strategy is best for all bugs, and more scheduling points make some easier to hit and others
// harder. So by default runs take turns: a random walk over what blocks and orders, and, for
// programs that are instrumented, partial order sampling and the uniform random walk over accesses
// to shared memory too. The first run is the profile run, which finds out what is shared and how
// long the program is.
#pragma once

#include <twill/check/protocol.hpp>

#include <cstdint>

namespace twill::inline TWILL_ABI::check {

struct plan {
    strategy_kind strategy = strategy_kind::random;
    granularity points = granularity::sync;
    bool profile = false;
};

// `number`: from 0, of the run.
[[nodiscard]] plan plan_of(const run_options& options, bool instrumented,
                           std::uint64_t number) noexcept;

// What a schedule's text begins with where its points are not those of `sync`: "around " is the
// word of granularity::around, "every " that of granularity::every, and "memory@7 " says
// that what is shared is found out by the profile run of seed 7.
struct schedule_prefix {
    granularity points = granularity::sync;
    std::uint64_t seed = 0;  // granularity::memory
};
// Gives its length; `to` has room for 40.
std::size_t print(const schedule_prefix& what, char* to) noexcept;
// Gives the length of what it read; 0: there is none.
std::size_t parse(const char* text, std::size_t length, schedule_prefix& into) noexcept;

}  // namespace twill::inline TWILL_ABI::check
