// A line of a suite's table: what was measured, for twill and for each peer, and what is asked of
// it.
//
//     bench::row line{.name = "CPU per job of true, -j2", .unit = "us"};
//     line.ours = {612, 598, 605, 630, 601};                 // a value a round
//     line.peers = {{"xargs -P2", {950, 941, 955, 1010, 948}}};
//     line.targets = {{.against = "xargs -P2", .bound = 0.75, .binding = true}};
//
// Round i of ours and round i of each peer were measured one right after the other: the ratio is
// computed within a round, so that what slows the whole machine for a while cancels out.
#pragma once

#include <twill/core/config.hpp>

#include <string>
#include <vector>

namespace twill::inline TWILL_ABI::bench {

enum class better : bool { less, more };

struct series {
    std::string name;
    std::vector<double> rounds;  // empty: absent
    std::string absent = {};     // why
};

// As a target's peer: each one that is there.
inline constexpr const char* every_peer = "every peer";

struct target {
    // A peer, whose ratio (ours / peer's) is bound; empty: our own value is.
    std::string against = {};
    // The most that it may be; the least, where more is better.
    double bound = 1;
    // Binding rows (shown with a star) must be met; the others are goals.
    bool binding = false;
    // Whether a draw is enough: the target is met when the interval contains the bound.
    bool draw = false;
};

struct row {
    std::string name;
    std::string unit;
    better direction = better::less;
    std::vector<double> ours = {};
    std::vector<series> peers = {};
    std::vector<target> targets = {};  // empty: the row is reported only
};

}  // namespace twill::inline TWILL_ABI::bench
