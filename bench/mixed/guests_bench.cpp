// The groups about others: who burns the CPU beside us, and what must not run where it runs.

#include "mixed/control_group.hpp"
#include "mixed/groups.hpp"
#include "mixed/plan.hpp"

#include <exception>
#include <string>
#include <utility>

namespace twill::inline TWILL_ABI::bench {
namespace {

constexpr double seconds = 3;
constexpr double rate = 5000;
// The watchdog's limit, and a millisecond.
constexpr double hostile_limit_us = 2000;

// Of all servers in `of`, by their names; twill's is the row's own.
row side_by_side(row line, const outcome& seen, const std::vector<server>& of, const char* metric) {
    for (const server& each : of) {
        series values = seen.of(each.name, metric);
        if (each.word == "twill")
            line.ours = std::move(values.rounds);
        else
            line.peers.push_back(std::move(values));
    }
    return line;
}

}  // namespace

std::vector<row> hog_rows(const settings& how, laboratory& lab) {
    const server twill = all_servers(how).front();
    const std::string none = "lanes = none";
    plan all;
    for (const int hogs : {1, 2}) {
        experiment what{.job = "on", .rate = rate, .seconds = seconds, .hogs = hogs};
        const std::string beside = ", hogs: " + std::to_string(hogs);
        all.add("twill" + beside, twill, what);
        what.options = {"--lanes", "none"};
        all.add(none + beside, twill, what);
    }
    const outcome seen = all.carry_out(how, lab, "hogs");
    std::vector<row> rows;
    for (const int hogs : {1, 2}) {
        const std::string beside = ", hogs: " + std::to_string(hogs);
        const auto line = [&](const char* what, const char* unit, const char* metric) {
            return row{.name = what + beside,
                       .unit = unit,
                       .ours = seen.of("twill" + beside, metric).rounds,
                       .peers = {seen.of(none + beside, metric, none)}};
        };
        row job = line("job and 5000/s", "rows/s", "rows_per_s");
        job.direction = better::more;
        job.targets = {{.against = none, .bound = 0.95, .binding = true}};
        rows.push_back(std::move(job));
        rows.push_back(line("p99 with the job, 5000/s", "us", "p99_us"));
    }
    return rows;
}

std::vector<row> foreign_rows(const settings& how, laboratory& lab) {
    const server twill = all_servers(how).front();
    const char* awake = "twill, no job, CPUs awake";
    const char* foreign = "foreign job";
    plan all;
    all.add(awake, twill, {.rate = rate, .seconds = seconds, .awake = true});
    all.add(foreign, twill, {.job = "foreign", .rate = rate, .seconds = seconds});
    const outcome seen = all.carry_out(how, lab, foreign);
    return {{.name = "p99 with a job of foreign calls of 50 ms, 5000/s",
             .unit = "us",
             .ours = seen.of(foreign, "p99_us").rounds,
             .peers = {seen.of(awake, "p99_us")},
             .targets = {{.against = awake, .bound = 1.3}}}};
}

std::vector<row> hostile_rows(const settings& how, laboratory& lab) {
    std::vector<server> servers;
    for (server& each : all_servers(how))
        if (each.word == "twill" || each.word == "go" || each.word == "tokio")
            servers.push_back(std::move(each));
    const std::string report = "as it comes";
    plan all;
    for (const server& each : servers) {
        experiment what{.rate = rate, .seconds = seconds, .options = {"--hostile", "on"}};
        if (each.word == "twill")
            what.options.insert(what.options.end(), {"--watchdog", "hand_over"});
        all.add(each.name, each, what);
    }
    all.add(report, servers.front(),
            {.rate = rate, .seconds = seconds, .options = {"--hostile", "on"}});
    const outcome seen = all.carry_out(how, lab, "hostile");
    row line = side_by_side({.name = "p99.9 beside a task that computes 50 ms on end, 5000/s",
                             .unit = "us",
                             .targets = {{.bound = hostile_limit_us}}},
                            seen, servers, "p999_us");
    line.peers.push_back(seen.of(report, "p999_us"));
    return {line};
}

std::vector<row> scan_rows(const settings& how, laboratory& lab) {
    const server twill = all_servers(how).front();
    const char* idle = "on the idle machine";
    const char* busy = "beside background work";
    experiment what{.rate = 30, .seconds = 6, .request = "scan"};
    plan all;
    all.add(idle, twill, what);
    what.job = "background";
    all.add(busy, twill, what);
    const outcome seen = all.carry_out(how, lab, "scan");
    std::vector<row> rows;
    for (const auto& [name, metric] : {std::pair{"p99", "p99_us"}, std::pair{"p50", "p50_us"}})
        rows.push_back({.name = std::string(name) + " of a scan of 5 ms beside background work",
                        .unit = "us",
                        .ours = seen.of(busy, metric).rounds,
                        .peers = {seen.of(idle, metric)}});
    rows.front().targets = {{.against = idle, .bound = 1.3}};
    return rows;
}

std::vector<row> quota_rows(const settings& how, laboratory& lab) {
    constexpr double quota = 1.5;
    row line{.name = "p99 with the job, quota of 1.5 CPUs, 5000/s", .unit = "us"};
    row job{.name = "job, quota of 1.5 CPUs, 5000/s", .unit = "rows/s", .direction = better::more};
    line.targets = {{.against = every_peer, .bound = 1 / 3.0}};
    try {
        const control_group possible(quota);
    } catch (const std::exception& e) {
        line.peers = {{.name = "all in a control group", .rounds = {}, .absent = e.what()}};
        return {line};
    }
    const std::vector<server> servers = all_servers(how);
    plan all;
    for (const server& each : servers)
        all.add(each.name, each, {.job = "on", .rate = rate, .seconds = seconds, .quota = quota});
    const outcome seen = all.carry_out(how, lab, "quota");
    return {side_by_side(std::move(line), seen, servers, "p99_us"),
            side_by_side(std::move(job), seen, servers, "rows_per_s")};
}

}  // namespace twill::inline TWILL_ABI::bench
