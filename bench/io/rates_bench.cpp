// The groups about requests: echo and HTTP.

#include "io/groups.hpp"
#include "io/server.hpp"

#include <array>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>

namespace twill::inline TWILL_ABI::bench {
namespace {

constexpr std::array echo_peers{raw_epoll, tokio, asio, go};
constexpr std::array http_peers{hyper, go, nginx, beast, node};
constexpr std::array https_peers{nginx};
// Threads of the load, each of which makes one connection after the other.
constexpr const char* callers = "32";

using targets = std::vector<target>;

// The rows of one load.
void add_rows(std::vector<row>& rows, const std::string& what,
              std::span<const measurements> measured, const targets& rate, const targets& tail) {
    row per_second{.name = what, .unit = "requests/s", .direction = better::more};
    per_second.targets = rate;
    rows.push_back(make_row(std::move(per_second), "per_s", measured));
    row slowest{.name = what + ", p99", .unit = "us"};
    slowest.targets = tail;
    rows.push_back(make_row(std::move(slowest), "p99_us", measured));
    rows.push_back(make_row({.name = what, .unit = "CPU ns/request"}, "request_ns", measured));
    rows.push_back(
        make_row({.name = what, .unit = "cores that the server used", .direction = better::more},
                 "busy", measured));
}

std::vector<row> request_rows(const settings& how, const std::string& talk,
                              std::span<const server_kind> peers, const targets& rate,
                              const targets& tail) {
    std::vector<row> rows;
    for (const place where : {place::one_core, place::all_cores})
        for (const int connections : {64, 1000}) {
            const std::string what =
                talk + ", " + std::to_string(connections) + " connections, " + name_of(where);
            if (!how.wants(what)) continue;
            const words options{"--connections", std::to_string(connections), "--seconds",
                                how.quick ? "0.2" : "1"};
            const auto all = servers(how, peers, [&](const server_kind& kind) {
                return measure_load(how, kind, {.talk = talk, .where = where}, options);
            });
            add_rows(rows, what, interleave(all, how.rounds, what), rate, tail);
        }
    return rows;
}

target at_least(double bound, const server_kind& of) {
    return {.against = of.name, .bound = bound, .binding = true};
}

}  // namespace

std::vector<row> echo_rows(const settings& how) {
    return request_rows(
        how, "echo", echo_peers,
        {at_least(0.97, raw_epoll), at_least(1, tokio), at_least(1, asio), at_least(1, go)},
        {{.against = raw_epoll.name, .bound = 1.2, .binding = true}});
}

std::vector<row> http_rows(const settings& how) {
    return request_rows(
        how, "http", http_peers,
        {at_least(1, hyper), at_least(1, go), at_least(1, beast), at_least(0.9, nginx)}, {});
}

std::vector<row> https_rows(const settings& how) {
    const targets rate{{.against = nginx.name, .bound = 0.9}};
    std::vector<row> rows = request_rows(how, "https", https_peers, rate, {});
    for (const place where : {place::one_core, place::all_cores}) {
        const std::string what = "https, new connections, " + name_of(where);
        if (!how.wants(what)) continue;
        const words options{"--way", "arrivals",  "--connections",
                            callers, "--seconds", how.quick ? "0.2" : "1"};
        const auto all = servers(how, https_peers, [&](const server_kind& kind) {
            return measure_load(how, kind, {.talk = "https", .where = where}, options);
        });
        add_rows(rows, what, interleave(all, how.rounds, what), rate, {});
    }
    return rows;
}

}  // namespace twill::inline TWILL_ABI::bench
