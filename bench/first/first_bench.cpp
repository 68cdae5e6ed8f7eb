// SUITE=first: the runtime's elementary costs beside its peers'. The peers' programs are in
// bench/peers and take the same arguments.

#include "common/interleave.hpp"
#include "common/program.hpp"
#include "common/suite.hpp"
#include "first/programs.hpp"

#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

using words = std::vector<std::string>;

words operator+(words all, const words& more) {
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

// A name in the table, and the program that scripts/bench-peers made.
struct peer {
    const char* name;
    const char* program;
};
constexpr peer go{"Go", "go"};
constexpr peer tokio{"Tokio", "tokio"};
constexpr peer asio{"Asio", "asio"};
constexpr peer epoll{"raw epoll", "epoll"};

using measure_function = std::function<metrics(const words&)>;

// Twill and `peers`, each measured by `measure` with the first words of its command line.
std::vector<contestant> contestants(const settings& how, std::initializer_list<peer> peers,
                                    const measure_function& measure) {
    const auto measured_as = [&](words argv) {
        return [=, argv = std::move(argv)] { return measure(argv); };
    };
    std::vector<contestant> all;
    all.push_back({.name = "twill", .measure = measured_as({how.self, "run"})});
    for (const peer& each : peers) {
        const auto program = how.peers / "bin" / each.program;
        contestant next{.name = each.name, .measure = measured_as({program})};
        if (!std::filesystem::exists(program)) next.absent = "scripts/bench-peers did not make it";
        all.push_back(std::move(next));
    }
    return all;
}

// All run on one core, and not on the one that device interrupts prefer.
std::vector<measurements> on_one_core(const settings& how, std::initializer_list<peer> peers,
                                      const words& arguments) {
    const unsigned core = usable_cpus().back();
    const auto all = contestants(how, peers, [=](const words& argv) {
        return run_program({.argv = argv + arguments, .cpu = core});
    });
    return interleave(all, how.rounds, arguments.front());
}

std::vector<row> spawn_rows(const settings& how) {
    const long tasks = how.size(1'000'000);
    const auto measured = on_one_core(how, {go, tokio, asio}, {"spawn", std::to_string(tasks)});
    return {
        make_row({.name = "spawn + join, 1 M alive, warm", .unit = "ns/task"}, "warm_ns", measured),
        make_row({.name = "spawn + join, 1 M alive, cold", .unit = "ns/task"}, "cold_ns",
                 measured)};
}

metrics measure_echo(const settings& how, const words& argv, long connections) {
    const std::vector<unsigned> cpus = usable_cpus();
    running_program server({.argv = argv + words{"echo"}, .cpu = cpus.back()});
    const auto port = static_cast<long>(server.await("port"));
    return run_program(
        {.argv = {how.self, "run", "echo-load", std::to_string(port), std::to_string(server.pid()),
                  std::to_string(connections), how.quick ? "0.2" : "3"},
         .cpu = cpus.front()});
}

std::vector<row> echo_rows(const settings& how) {
    std::vector<row> rows;
    for (const long connections : {64, 1000}) {
        const std::string what = "echo, " + std::to_string(connections) + " connections";
        const auto all = contestants(how, {epoll, go, tokio, asio}, [&](const words& argv) {
            return measure_echo(how, argv, connections);
        });
        const auto measured = interleave(all, how.rounds, what);
        rows.push_back(make_row({.name = what, .unit = "CPU ns/request"}, "request_ns", measured));
        rows.push_back(make_row({.name = what, .unit = "requests/s", .direction = better::more},
                                "per_s", measured));
        rows.push_back(make_row(
            {.name = what, .unit = "service's share of its core", .direction = better::more},
            "busy", measured));
    }
    return rows;
}

std::vector<row> timer_rows(const settings& how) {
    const auto measured =
        on_one_core(how, {go, tokio, asio}, {"timers", std::to_string(how.size(1'000'000))});
    return {
        make_row({.name = "1 M timers made and expired", .unit = "CPU s"}, "timers_s", measured)};
}

std::vector<row> yield_rows(const settings& how) {
    const auto measured =
        on_one_core(how, {go, tokio, asio}, {"yield", "100", std::to_string(how.size(20'000))});
    return {make_row({.name = "yield among 100 tasks", .unit = "ns"}, "yield_ns", measured)};
}

std::vector<row> sleeper_rows(const settings& how) {
    const auto measured =
        on_one_core(how, {go, tokio, asio}, {"sleepers", std::to_string(how.size(1'000'000))});
    return {make_row({.name = "memory of a sleeping task", .unit = "bytes"}, "bytes", measured)};
}

std::vector<row> all_rows(const settings& how) {
    using group = std::pair<const char*, std::vector<row> (*)(const settings&)>;
    std::vector<row> rows;
    for (const auto& [name, measure] :
         {group{"spawn", spawn_rows}, group{"echo", echo_rows}, group{"timers", timer_rows},
          group{"yield", yield_rows}, group{"sleepers", sleeper_rows}})
        if (how.wants(name))
            for (row& each : measure(how)) rows.push_back(std::move(each));
    return rows;
}

int run_one(std::string_view name, const words& arguments) {
    const auto number = [&](std::size_t i) { return std::stol(arguments.at(i)); };
    if (name == "spawn")
        run_spawn(number(0));
    else if (name == "echo")
        run_echo();
    else if (name == "echo-load")
        run_echo_load(static_cast<unsigned>(number(0)), static_cast<int>(number(1)), number(2),
                      std::stod(arguments.at(3)));
    else if (name == "timers")
        run_timers(number(0));
    else if (name == "yield")
        run_yield(number(0), number(1));
    else if (name == "sleepers")
        run_sleepers(number(0));
    else
        return 2;
    return 0;
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::bench

int main(int argc, char** argv) {
    namespace bench = twill::bench;
    if (argc < 3 || std::string_view(argv[1]) != "run")
        return bench::suite_main(argc, argv, "first", bench::all_rows);
    try {
        return bench::run_one(argv[2], {argv + 3, argv + argc});
    } catch (const std::exception& e) {
        std::fprintf(stderr, "twill_bench_first run %s: %s\n", argv[2], e.what());
        return 1;
    }
}
