// The group about connections on which nothing happens.

#include "io/groups.hpp"
#include "io/server.hpp"

#include <array>
#include <string>
#include <utility>

namespace twill::inline TWILL_ABI::bench {
namespace {

constexpr std::array peers{nginx, hyper, go, beast, node};
constexpr double most_bytes = 2048;

// Each has had one request answered. The server's memory before, and after.
metrics measure_idle(const settings& how, const server_kind& kind, long connections) {
    const service what{.talk = "http", .where = place::one_core};
    const server target(how, kind, what);
    const family processes(target.pid());
    // What the first requests make the server set up does not count.
    static_cast<void>(
        run_program(load_on(how, target, what, {"--way", "idle", "--connections", "8"})));
    const double before = processes.private_bytes();
    program load =
        load_on(how, target, what, {"--way", "idle", "--connections", std::to_string(connections)});
    load.listens = true;
    running_program clients(load);
    const double open = clients.await("open");
    return {{"bytes", (processes.private_bytes() - before) / open}};
}

}  // namespace

std::vector<row> idle_rows(const settings& how) {
    const long connections = how.size(10'000);
    const std::string what = std::to_string(connections) + " idle connections";
    if (!how.wants(what)) return {};
    const auto all = servers(
        how, peers, [&](const server_kind& kind) { return measure_idle(how, kind, connections); });
    row line{.name = what, .unit = "bytes each"};
    line.targets = {{.bound = most_bytes}};
    return {make_row(std::move(line), "bytes", interleave(all, how.rounds, what))};
}

}  // namespace twill::inline TWILL_ABI::bench
