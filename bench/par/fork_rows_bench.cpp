// The rows of the fork-join kernels.

#include "common/program.hpp"
#include "par/groups.hpp"

#include <string>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

const peer twill{"twill", "twill", {"twill"}};
const peer without_context{"twill, no context", "twill", {"plain"}};
const peer serial_code{"serial", "twill", {"serial"}};

struct kernel {
    const char* name;
    const char* title;
    int size;
    int quick_size;
    // What one worker may take, over serial code.
    double one_worker;
};
constexpr kernel kernels[] = {
    {"tree", "sum of a tree of 2^24 nodes", 24, 16, 1.3},
    {"queens", "nqueens(13)", 13, 8, 1.05},
    {"uts-t1", "UTS T1", 10, 6, 1.05},
    {"uts-t3", "UTS T3", 2000, 20, 1.05},
    {"integrate", "integrate", 300, 30, 1.05},
    {"skynet", "skynet, 1 M leaves", 1'000'000, 10'000, 1.3},
    {"matmul", "matmul, 1024 doubles squared", 1024, 256, 1.05},
};

words arguments_of(const kernel& each, const settings& how, std::size_t threads) {
    return {each.name, std::to_string(how.quick ? each.quick_size : each.size),
            std::to_string(threads)};
}

}  // namespace

std::vector<row> fib_rows(const settings& how) {
    const peer here{"twill", "twill"};
    const std::vector<peer> peers = {
        chili,
        rayon,
        openmp_gcc,
        openmp_clang,
        onetbb,
        {"libfork", "", {}, "no package registry has it"},
        {"citor", "", {}, "no package registry has it"},
        {"TooManyCooks", "", {}, "no package registry has it"},
    };
    auto measured =
        measure(how, here, peers, {"fib", how.quick ? "25" : "35"}, usable_cpus().back());
    for (measurements& each : measured) {
        for (metrics& round : each.rounds) {
            const double plain = round.at("plain_ns");
            // Peers know one way only.
            const double join = round.at("join_ns");
            const double context = round.contains("context_ns") ? round.at("context_ns") : join;
            round["over"] = join - plain;
            round["context_over"] = context - plain;
        }
    }
    row with_context{.name = "fork in fib(35) with context, above a call", .unit = "CPU ns"};
    with_context.targets = {{.bound = 1.0, .binding = true}};
    row goal{.name = "the same, beside what a good compiler may reach", .unit = "CPU ns"};
    goal.targets = {{.bound = 0.5}};
    return {
        make_row(std::move(with_context), "context_over", measured),
        make_row(std::move(goal), "context_over", {measured.data(), 1}),
        make_row({.name = "fork in fib(35), above a call", .unit = "CPU ns"}, "over", measured)};
}

std::vector<row> kernel_rows(const settings& how) {
    std::vector<row> rows;
    // With a second thread they take seconds, up to a minute in all, on trees of small tasks.
    std::vector<peer> slow = {openmp_gcc, openmp_clang};
    for (peer& each : slow) each.most_rounds = 2;
    std::vector<peer> peers = {onetbb, rayon, chili, taskflow};
    peers.insert(peers.end(), slow.begin(), slow.end());
    for (const kernel& each : kernels) {
        const auto measured =
            measure(how, twill, peers, arguments_of(each, how, usable_cpus().size()));
        row time{.name = std::string(each.title) + ", all cores", .unit = "ms"};
        time.targets = {{.against = every_peer, .bound = 1, .binding = true, .draw = true}};
        rows.push_back(make_row(std::move(time), "ms", measured));
    }
    return rows;
}

std::vector<row> one_worker_rows(const settings& how) {
    std::vector<row> rows;
    for (const kernel& each : kernels) {
        // All on one CPU, which then never halts: a virtual one may come back from that on a core
        // that it shares, and stay there. A plain loop that slept for 0.1 ms between two calls took
        // 1.7 times as long for many calls, and serial code, which never sleeps, would not.
        const auto measured = measure(how, twill, {serial_code, without_context, rayon, chili},
                                      arguments_of(each, how, 1), usable_cpus().back());
        const std::string name = std::string(each.title) + ", one worker";
        row time{.name = name, .unit = "ms"};
        time.targets = {{.against = "serial", .bound = each.one_worker, .binding = true}};
        rows.push_back(make_row(std::move(time), "ms", measured));
        // The ticker's time is in it.
        rows.push_back(make_row({.name = name, .unit = "CPU ms"}, "cpu_ms", measured));
    }
    return rows;
}

}  // namespace twill::inline TWILL_ABI::bench
