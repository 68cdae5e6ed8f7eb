// SUITE=async: tasks, timers, channels and locks beside the peers'. Their programs are in
// bench/peers and take the same arguments.

#include "async/programs.hpp"
#include "common/interleave.hpp"
#include "common/program.hpp"
#include "common/suite.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

// How many threads a program may use, as a word of its command line.
constexpr const char* one_core = "1";
constexpr const char* all_cores = "0";

struct peer {
    const char* name;     // in the table
    const char* program;  // that scripts/bench-peers made
    words first = {};
};
const std::vector<peer> peers = {
    {"Go", "go", {"async"}}, {"Tokio", "tokio-async"}, {"Asio", "asio-async"}};

// What each contestant, twill first, printed in each round. On one core, that is not the one which
// device interrupts prefer, if `threads` says so.
std::vector<measurements> measure(const settings& how, const char* threads,
                                  const words& arguments) {
    std::optional<unsigned> core;
    if (threads == one_core) core = usable_cpus().back();
    const auto run = [&](const words& argv) {
        return [=, argv = argv + words{threads} + arguments] {
            return run_program({.argv = argv, .cpu = core});
        };
    };
    std::vector<contestant> all = {{.name = "twill", .measure = run({how.self, "run"})}};
    for (const peer& each : peers) {
        const auto program = how.peers / "bin" / each.program;
        contestant next{.name = each.name, .measure = run(words{program} + each.first)};
        if (!std::filesystem::exists(program)) next.absent = "scripts/bench-peers did not make it";
        all.push_back(std::move(next));
    }
    return interleave(all, how.rounds, arguments.front() + (core ? "" : " on all cores"));
}

std::string text(long number) { return std::to_string(number); }

// Rows of the table: what is asked of twill.
row bound_by_peers(std::string name, std::string unit) {
    return {.name = std::move(name),
            .unit = std::move(unit),
            .targets = {{.against = every_peer, .bound = 1}}};
}
row starred(row line, bool draw = false) {
    for (target& each : line.targets) {
        each.binding = true;
        each.draw = draw;
    }
    return line;
}

std::vector<row> spawn_rows(const settings& how) {
    const words arguments = {"spawn", text(how.size(1'000'000))};
    const auto one = measure(how, one_core, arguments);
    const auto all = measure(how, all_cores, arguments);
    row warm = starred(bound_by_peers("spawn + join, 1 M alive, warm", "CPU ns/task"));
    warm.targets.push_back({.bound = 120});
    return {
        make_row(std::move(warm), "warm_ns", one),
        make_row({.name = "spawn + join, 1 M alive, cold", .unit = "CPU ns/task"}, "cold_ns", one),
        make_row({.name = "spawn + join, 1 M alive, warm, all cores", .unit = "ns/task"}, "warm_ns",
                 all)};
}

std::vector<row> channel_rows(const settings& how) {
    std::vector<row> rows;
    rows.push_back(
        make_row(starred(bound_by_peers("ping-pong over two channels", "CPU ns/round trip"), true),
                 "ns", measure(how, one_core, {"ping-pong", text(how.size(500'000))})));
    struct form {
        const char* name;
        words ends;
    };
    for (const form& each : {form{"1:1", {"1", "1"}}, {"4:4", {"4", "4"}}, {"64:1", {"64", "1"}}}) {
        const words arguments = words{"channel", text(how.size(1'000'000))} + each.ends;
        const std::string name = std::string("channel (64), ") + each.name;
        rows.push_back(make_row(starred(bound_by_peers(name, "CPU ns/message"), true), "ns",
                                measure(how, one_core, arguments)));
        rows.push_back(make_row({.name = name + ", all cores", .unit = "ns/message"}, "ns",
                                measure(how, all_cores, arguments)));
    }
    return rows;
}

std::vector<row> yield_rows(const settings& how) {
    return {make_row(starred(bound_by_peers("yield among 100 tasks", "CPU ns"), true), "ns",
                     measure(how, one_core, {"yield", "100", text(how.size(20'000))}))};
}

std::vector<row> skynet_rows(const settings& how) {
    const words arguments = {"skynet", how.quick ? "4" : "6"};
    return {make_row(bound_by_peers("skynet, 1 M leaves", "CPU s"), "s",
                     measure(how, one_core, arguments)),
            make_row({.name = "skynet, 1 M leaves, all cores", .unit = "s"}, "s",
                     measure(how, all_cores, arguments))};
}

std::vector<row> sleeper_rows(const settings& how) {
    row memory{.name = "memory of a sleeping task, 1 M of them", .unit = "bytes"};
    memory.targets = {{.bound = 250, .binding = true}};
    return {make_row(std::move(memory), "bytes",
                     measure(how, one_core, {"sleepers", text(how.size(1'000'000))}))};
}

std::vector<row> timer_rows(const settings& how) {
    return {
        make_row(bound_by_peers("1 M timers made and expired", "CPU s"), "s",
                 measure(how, one_core, {"timers", text(how.size(1'000'000))})),
        make_row(
            bound_by_peers("time limit set and not reached, 100 k pending", "CPU ns"), "ns",
            measure(how, one_core, {"limits", text(how.size(500'000)), text(how.size(100'000))}))};
}

std::vector<row> lock_rows(const settings& how) {
    const std::string times = text(how.size(1'000'000));
    const auto line = [&](const char* name, const words& arguments) {
        return make_row(bound_by_peers(name, "CPU ns"), "ns", measure(how, one_core, arguments));
    };
    std::vector<row> rows = {
        line("mutex, uncontended", {"mutex", times, "1"}),
        line("mutex, 64 tasks contending", {"mutex", times, "64"}),
        line("semaphore, uncontended", {"semaphore", times, "1", "4"}),
        line("semaphore (4), 64 tasks contending", {"semaphore", times, "64", "4"})};
    rows.push_back(make_row({.name = "mutex, 64 tasks contending, all cores", .unit = "ns"}, "ns",
                            measure(how, all_cores, {"mutex", times, "64"})));
    return rows;
}

std::vector<row> fairness_rows(const settings& how) {
    row fair{.name = "10,000 yielding tasks, least / most served",
             .unit = "of 1",
             .direction = better::more};
    row all = fair;
    all.name += ", all cores";
    fair.targets = {{.bound = 0.9, .binding = true}};
    return {make_row(std::move(fair), "fairness", measure(how, one_core, {"fairness", "10000"})),
            make_row(std::move(all), "fairness", measure(how, all_cores, {"fairness", "10000"}))};
}

// Reported: a scheduler that lets who was woken overtake those that are ready is quicker here, and
// makes them wait.
std::vector<row> wake_rows(const settings& how) {
    std::vector<row> rows;
    for (const char* const tasks : {"100", "1000", "10000"}) {
        const auto took = measure(how, one_core, {"wake", tasks, text(how.size(2'000))});
        const std::string name = std::string("woken among ") + tasks + " ready tasks, ";
        rows.push_back(make_row({.name = name + "median", .unit = "us"}, "p50_us", took));
        rows.push_back(make_row({.name = name + "p99", .unit = "us"}, "p99_us", took));
    }
    return rows;
}

std::vector<row> all_rows(const settings& how) {
    return wanted_rows(how, {{"spawn", spawn_rows},
                             {"channels", channel_rows},
                             {"yield", yield_rows},
                             {"skynet", skynet_rows},
                             {"sleepers", sleeper_rows},
                             {"timers", timer_rows},
                             {"locks", lock_rows},
                             {"fairness", fairness_rows},
                             {"wake", wake_rows}});
}

int run_one(const words& argv) {
    const auto number = [&](std::size_t i) { return std::stol(argv.at(i)); };
    bed on(static_cast<unsigned>(number(0)));
    const std::string& name = argv.at(1);
    if (name == "spawn")
        run_spawn(on, number(2));
    else if (name == "ping-pong")
        run_ping_pong(on, number(2));
    else if (name == "channel")
        run_channel(on, number(2), number(3), number(4));
    else if (name == "yield")
        run_yield(on, number(2), number(3));
    else if (name == "skynet")
        run_skynet(on, number(2));
    else if (name == "sleepers")
        run_sleepers(on, number(2));
    else if (name == "timers")
        run_timers(on, number(2));
    else if (name == "limits")
        run_limits(on, number(2), number(3));
    else if (name == "mutex")
        run_mutex(on, number(2), number(3));
    else if (name == "semaphore")
        run_semaphore(on, number(2), number(3), number(4));
    else if (name == "fairness")
        run_fairness(on, number(2));
    else if (name == "wake")
        run_wake(on, number(2), number(3));
    else
        return 2;
    return 0;
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::bench

int main(int argc, char** argv) {
    namespace bench = twill::bench;
    return bench::suite_main(argc, argv, "async", bench::all_rows, bench::run_one);
}
