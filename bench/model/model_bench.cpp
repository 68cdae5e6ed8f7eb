// SUITE=model: how the compute pool would scale on machines that are not at hand, by a
// discrete-event model of its policy; what limits it, and what changes of the policy would bring.
//
// The figures are the model's, with the constants of costs.hpp: they are the same everywhere, and
// need one round only. The rows of the constants are measured on this machine.

#include "common/suite.hpp"
#include "model/pool_model.hpp"
#include "model/rehearsal.hpp"

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

constexpr unsigned core_counts[] = {1, 2, 8, 32, 128};
constexpr unsigned most_cores = 128;

struct variant {
    const char* name;
    policy how = {};
    costs cost = {};
};

// Each changes one thing; the one before the last all that the pool once did otherwise.
std::vector<variant> variants() {
    policy before;
    before.one_by_one = before.first_offer_invites = before.poke_newcomers = false;
    before.asks = before.slow_ticks = false;
    return {{.name = "if lines took 10 ns", .cost = {.line = 10 * ns}},
            {.name = "if waking took 1 us", .cost = {.wake_call = 200 * ns, .wake = 1 * us}},
            {.name = "if the ticker's pass took no time", .cost = {.ticker_lines = 0}},
            {.name = "loops of forks in blocks", .how = {.one_by_one = false}},
            {.name = "first offers wait for a beat", .how = {.first_offer_invites = false}},
            {.name = "newcomers are not poked", .how = {.poke_newcomers = false}},
            {.name = "nobody asks for work", .how = {.asks = false}},
            {.name = "no slow ticks", .how = {.slow_ticks = false}},
            {.name = "thieves poke at once", .how = {.hunger_pokes = 4}},
            {.name = "lock spins", .how = {.lock_spins = true}},
            {.name = "beat of 25 us when hungry", .how = {.hungry_beat = 25 * us}},
            {.name = "ticker calls for all offers", .how = {.call_for_all = true}},
            {.name = "none of the five rules", .how = before},
            {.name = "lock spins, thieves poke at once",
             .how = {.hunger_pokes = 4, .lock_spins = true}}};
}

double as_ms(ticks t) { return static_cast<double>(t) / static_cast<double>(ms); }

// In milliseconds.
std::string when(ticks t) {
    if (t < 0) return "-";
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", as_ms(t));
    return text;
}

double speed_up(const extent& all, const outcome& o) {
    return static_cast<double>(all.work) / static_cast<double>(o.took);
}

// What a greedy scheduler without any costs reaches at least (Brent, 1974; Graham, 1969).
double greedy(const extent& all, unsigned cores) {
    return static_cast<double>(all.work) /
           (static_cast<double>(all.work) / cores + static_cast<double>(all.span));
}

void print_head(const workload& what, const extent& all) {
    std::printf("\n%s: work %.0f ms, span %.3g ms\n", what.name().c_str(), as_ms(all.work),
                as_ms(all.span));
    std::printf("%5s %9s %8s %9s %8s %8s %7s %7s %8s %8s %7s %8s\n", "cores", "speed-up", "greedy",
                "promoted", "stolen", "failed", "asleep", "idle %", "90 % ms", "all ms", "threads",
                "ticker %");
}

void print_line(const extent& all, unsigned cores, const outcome& o) {
    std::printf("%5u %9.1f %8.1f %9llu %8llu %8llu %7llu %7.1f %8s %8s %7u %8.1f\n", cores,
                speed_up(all, o), greedy(all, cores), static_cast<unsigned long long>(o.promotions),
                static_cast<unsigned long long>(o.steals),
                static_cast<unsigned long long>(o.failed_scans),
                static_cast<unsigned long long>(o.sleeps_in_frame), 100 * o.idle_share(cores),
                when(o.most_of_them_busy).c_str(), when(o.all_busy).c_str(), o.threads,
                100 * o.ticker_load());
}

row value_row(std::string name, const char* unit, double value) {
    return {.name = std::move(name), .unit = unit, .ours = {value}};
}

void add_variants(const workload& what, const extent& all, row& line) {
    std::printf("%44s %8s %8s %8s\n", "", "32 cores", "128", "90 % ms");
    for (const variant& other : variants()) {
        const outcome some = simulate(what, {.cores = 32}, other.cost, other.how);
        const outcome many = simulate(what, {.cores = most_cores}, other.cost, other.how);
        std::printf("%44s %8.1f %8.1f %8s\n", other.name, speed_up(all, some), speed_up(all, many),
                    when(many.most_of_them_busy).c_str());
        line.peers.push_back({other.name, {speed_up(all, many)}});
    }
}

// Of one workload: what it does on so many cores, and what the variants change on many.
void add_rows(const workload& what, std::vector<row>& rows) {
    const extent all = what.total();
    print_head(what, all);
    for (const unsigned cores : core_counts) {
        const outcome o = simulate(what, {.cores = cores}, costs{}, policy{});
        print_line(all, cores, o);
        const std::string name = what.name() + ", " + std::to_string(cores) + " cores";
        row line{.name = name, .unit = "speed-up", .direction = better::more};
        line.ours = {speed_up(all, o)};
        line.peers = {{"greedy bound", {greedy(all, cores)}}};
        if (cores == most_cores) add_variants(what, all, line);
        rows.push_back(std::move(line));
        if (cores != most_cores) continue;
        rows.push_back(value_row(name + ": idle", "%", 100 * o.idle_share(cores)));
        rows.push_back(value_row(name + ": the ticker's load", "%", 100 * o.ticker_load()));
        if (o.most_of_them_busy >= 0)
            rows.push_back(
                value_row(name + ": until 9 of 10 are busy", "ms", as_ms(o.most_of_them_busy)));
    }
    std::fflush(stdout);
}

// "twill" is this machine, the peer what the model takes.
void add_constants(std::vector<row>& rows) {
    const costs here = measure_costs();
    const costs taken;
    const std::pair<const char*, ticks costs::*> constants[] = {
        {"fork", &costs::fork},
        {"loop", &costs::loop},
        {"promotion", &costs::promote},
        {"taking back", &costs::take_back},
        {"line from another core", &costs::line},
        {"lock", &costs::lock},
        {"waking, for the caller", &costs::wake_call},
        {"waking, until it runs", &costs::wake},
        {"starting a thread", &costs::start_thread},
        {"beat, later than asked", &costs::beat_late}};
    std::printf("\n%-24s %12s %12s\n", "constant, ns", "model", "here");
    for (const auto& [name, which] : constants) {
        const double model = static_cast<double>(taken.*which) / ns;
        const double measured = static_cast<double>(here.*which) / ns;
        std::printf("%-24s %12.1f %12.1f\n", name, model, measured);
        row line = value_row(std::string("constant: ") + name, "ns", measured);
        line.peers = {{"model", {model}}};
        rows.push_back(std::move(line));
    }
}

// "twill" is the pool itself, on more workers than cores.
void add_rehearsal(std::vector<row>& rows) {
    std::printf("\nleaves that sleep, speed-up\n%-24s %7s %8s %8s %11s\n", "", "workers", "pool",
                "model", "in blocks");
    for (const rehearsed& one : rehearse(costs{})) {
        std::printf("%-24s %7u %8.1f %8.1f %11.1f\n", one.what, one.workers, one.pool, one.model,
                    one.in_blocks);
        row line = value_row(
            std::string("rehearsal: ") + one.what + ", " + std::to_string(one.workers) + " workers",
            "speed-up", one.pool);
        line.direction = better::more;
        line.peers = {{"model", {one.model}}};
        rows.push_back(std::move(line));
    }
}

std::vector<row> all_rows(const settings& how) {
    std::vector<row> rows;
    if (how.wants("constants")) add_constants(rows);
    if (how.wants("rehearsal")) add_rehearsal(rows);
    for (const auto& what : all_workloads(how.quick ? 16 : 1))
        if (how.wants(what->name())) add_rows(*what, rows);
    return rows;
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::bench

int main(int argc, char** argv) {
    return twill::bench::suite_main(argc, argv, "model", twill::bench::all_rows);
}
