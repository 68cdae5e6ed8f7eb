// SUITE=echo: a TCP echo service beside its peers'. Their programs are in bench/peers and take the
// same arguments.

#include "common/interleave.hpp"
#include "common/program.hpp"
#include "common/suite.hpp"
#include "echo/programs.hpp"

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

int run_one(std::string_view name, const words& arguments) {
    const auto number = [&](std::size_t i) { return std::stol(arguments.at(i)); };
    if (name == "echo")
        run_echo();
    else if (name == "echo-load")
        run_echo_load(static_cast<unsigned>(number(0)), static_cast<int>(number(1)), number(2),
                      std::stod(arguments.at(3)));
    else
        return 2;
    return 0;
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::bench

int main(int argc, char** argv) {
    namespace bench = twill::bench;
    if (argc < 3 || std::string_view(argv[1]) != "run")
        return bench::suite_main(argc, argv, "echo", bench::echo_rows);
    try {
        return bench::run_one(argv[2], {argv + 3, argv + argc});
    } catch (const std::exception& e) {
        std::fprintf(stderr, "twill_bench_echo run %s: %s\n", argv[2], e.what());
        return 1;
    }
}
