// Requests beside the job at three rates, and what either has when it is alone.

#include "common/program.hpp"
#include "mixed/groups.hpp"
#include "mixed/plan.hpp"

#include <string>
#include <utility>

namespace twill::inline TWILL_ABI::bench {
namespace {

constexpr double rates[] = {2000, 5000, 10000};
// At which the peers are measured without the job, too.
constexpr double middle_rate = 5000;
constexpr const char* awake = "twill, no job, CPUs awake";
constexpr const char* off = "twill, no job";
constexpr const char* left = "what the requests leave";
constexpr const char* without_io = "twill without I/O";

std::string per_second(double rate) { return std::to_string(static_cast<long>(rate)) + "/s"; }

plan plan_of(const std::vector<server>& servers) {
    plan all;
    for (const server& each : servers) {
        const bool ours = each.word == "twill";
        for (const double rate : rates) {
            const double seconds = rate < middle_rate ? 4 : 3;
            const std::string at = each.name + " " + per_second(rate);
            all.add(at, each, {.job = "on", .rate = rate, .seconds = seconds});
            if (ours || rate == middle_rate)
                all.add(at + " awake", each, {.rate = rate, .seconds = seconds, .awake = true});
            if (ours) all.add(at + " off", each, {.rate = rate, .seconds = seconds});
        }
        all.add(each.name + " alone", each, {.job = "on", .rate = 0, .seconds = 3});
        if (ours)
            all.add(without_io, each,
                    {.job = "on", .rate = 0, .seconds = 3, .options = {"--io", "off"}});
    }
    return all;
}

// Rows a second that the CPU time allows which the requests, served without a job, do not take.
series rows_left(const outcome& seen, const std::string& who, double rate) {
    const std::string at = who + " " + per_second(rate);
    series rows = seen.of(who + " alone", "rows_per_cpu_s", left);
    const auto cpus = static_cast<double>(usable_cpus().size());
    const series server_cpu = seen.of(at + " awake", "server_cpu_s");
    const series load_cpu = seen.of(at + " awake", "load_cpu_s");
    const series window = seen.of(at + " awake", "window_s");
    rows.rounds.resize(std::min(rows.rounds.size(), window.rounds.size()));
    for (std::size_t i = 0; i < rows.rounds.size(); ++i)
        rows.rounds[i] *= cpus - (server_cpu.rounds[i] + load_cpu.rounds[i]) / window.rounds[i];
    return rows;
}

row latency_row(const outcome& seen, const std::vector<server>& servers, double rate,
                const char* percentile, const char* metric, bool judged) {
    const std::string at = "twill " + per_second(rate);
    row line{.name = std::string(percentile) + " with the job, " + per_second(rate), .unit = "us"};
    line.ours = seen.of(at, metric).rounds;
    line.peers = {seen.of(at + " awake", metric, awake), seen.of(at + " off", metric, off)};
    if (judged) line.targets = {{.against = awake, .bound = 1.3, .binding = true}};
    for (const server& each : servers) {
        if (each.word == "twill") continue;
        line.peers.push_back(seen.of(each.name + " " + per_second(rate), metric, each.name));
        if (judged) line.targets.push_back({.against = each.name, .bound = 0.1, .binding = true});
    }
    return line;
}

row off_row(const outcome& seen, const std::vector<server>& servers) {
    row line{.name = "p99 without it, CPUs awake, " + per_second(middle_rate), .unit = "us"};
    for (const server& each : servers) {
        series values =
            seen.of(each.name + " " + per_second(middle_rate) + " awake", "p99_us", each.name);
        if (each.word == "twill")
            line.ours = std::move(values.rounds);
        else
            line.peers.push_back(std::move(values));
    }
    return line;
}

row job_row(const outcome& seen, double rate) {
    row line{.name = "job beside " + per_second(rate),
             .unit = "rows/s",
             .direction = better::more,
             .ours = seen.of("twill " + per_second(rate), "rows_per_s").rounds,
             .peers = {rows_left(seen, "twill", rate)},
             .targets = {{.against = left, .bound = 0.97, .binding = true}}};
    return line;
}

row kept_row(const outcome& seen, const std::vector<server>& servers) {
    const std::string at = per_second(middle_rate);
    row line{.name = "job beside " + at + ", of what the requests leave",
             .unit = "times",
             .direction = better::more};
    for (const server& each : servers) {
        series rows = seen.of(each.name + " " + at, "rows_per_s", each.name);
        const series all = rows_left(seen, each.name, middle_rate);
        rows.rounds.resize(std::min(rows.rounds.size(), all.rounds.size()));
        for (std::size_t i = 0; i < rows.rounds.size(); ++i) rows.rounds[i] /= all.rounds[i];
        if (each.word == "twill")
            line.ours = std::move(rows.rounds);
        else
            line.peers.push_back(std::move(rows));
    }
    return line;
}

row alone_row(const outcome& seen, const std::vector<server>& servers) {
    row line{.name = "job alone, connections open",
             .unit = "rows/s",
             .direction = better::more,
             .ours = seen.of("twill alone", "rows_per_s").rounds,
             .peers = {seen.of(without_io, "rows_per_s")},
             .targets = {{.against = without_io, .bound = 0.98, .binding = true}}};
    for (const server& each : servers)
        if (each.word != "twill")
            line.peers.push_back(seen.of(each.name + " alone", "rows_per_s", each.name));
    return line;
}

}  // namespace

std::vector<row> rate_rows(const settings& how, laboratory& lab) {
    const std::vector<server> servers = all_servers(how);
    const outcome seen = plan_of(servers).carry_out(how, lab, "rates");
    std::vector<row> rows;
    for (const double rate : rates) {
        rows.push_back(latency_row(seen, servers, rate, "p99", "p99_us", true));
        rows.push_back(latency_row(seen, servers, rate, "p99.9", "p999_us", false));
        rows.push_back(latency_row(seen, servers, rate, "p50", "p50_us", false));
    }
    rows.push_back(off_row(seen, servers));
    for (const double rate : rates) rows.push_back(job_row(seen, rate));
    rows.push_back(kept_row(seen, servers));
    rows.push_back(alone_row(seen, servers));
    return rows;
}

}  // namespace twill::inline TWILL_ABI::bench
