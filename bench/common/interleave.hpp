// Measures twill and its peers in turns.
//
//     std::vector<bench::contestant> all = {
//         {.name = "twill", .measure = [&] { return bench::run_program({.argv = {...}}); }},
//         {.name = "xargs", .measure = [&] { return run_xargs(jobs); }}};
//     auto measured = bench::interleave(all, how.rounds);
//     rows.push_back(bench::make_row({.name = "CPU per job", .unit = "us"}, "cpu_us", measured));
//
// Each round measures everybody once, and each round begins with another one, so that neither a
// busy neighbour nor the order favours anybody.
#pragma once

#include <twill/core/config.hpp>

#include "common/row.hpp"

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace twill::inline TWILL_ABI::bench {

// What one run of one contestant gave: values by name, such as {"spawn_ns", 412.0}.
using metrics = std::map<std::string, double, std::less<>>;

struct contestant {
    std::string name;
    std::function<metrics()> measure = {};
    // One that is very slow may be left out of later rounds.
    int most_rounds = 1000;
    // Why it cannot take part (not installed, ...); empty: it can.
    std::string absent = {};
};

struct measurements {
    std::string name;
    std::vector<metrics> rounds = {};
    std::string absent = {};
};

// The first contestant is ours: what its `measure` throws is passed on. A peer that throws is
// absent from then on, with the message as the reason. Says on standard error what it is at.
[[nodiscard]] std::vector<measurements> interleave(std::span<const contestant> all, int rounds,
                                                   std::string_view what = "");

// `form` (name, unit, direction, targets) with the values of `metric`. Peers that do not have the
// metric do not appear; those that are absent do.
[[nodiscard]] row make_row(row form, std::string_view metric, std::span<const measurements> from);

}  // namespace twill::inline TWILL_ABI::bench
