// SUITE=map: what `twill map` adds to the cost of the processes that it runs, and the memory that
// it takes, beside xargs, GNU parallel and a bare loop.
//
// CPU time is that of the whole tree of processes: user and system, of the runner and of all jobs.
// All of it in the C locale: elsewhere `true` with an argument spends half of its time on loading
// one.

#include "common/interleave.hpp"
#include "common/program.hpp"
#include "common/suite.hpp"
#include "map/bare.hpp"
#include "map/best_number.hpp"
#include "map/numbers.hpp"
#include "map/worker.hpp"

#include <twill/io/process.hpp>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

// The command is built beside the suites.
std::string twill_command(const settings& how) {
    return how.self.parent_path().parent_path() / "bin" / "twill";
}

metrics measure(const words& argv, const numbers& inputs) {
    metrics all = run_program({.argv = argv, .input = inputs.path()});
    const auto jobs = static_cast<double>(inputs.count());
    all["cpu_us"] = all.at("cpu_s") * 1e6 / jobs;
    all["wall_us"] = all.at("wall_s") * 1e6 / jobs;
    return all;
}

contestant runner(std::string name, words argv, const numbers& inputs) {
    contestant made{.name = std::move(name),
                    .measure = [argv, &inputs] { return measure(argv, inputs); }};
    if (!find_program(argv.front())) made.absent = "not installed";
    return made;
}

words bare(const settings& how, const std::string& program, const numbers& inputs) {
    const auto found = find_program(program);
    if (!found) throw std::runtime_error(program + " is not there");
    return {how.self, "run", "bare", found.path, std::to_string(inputs.count()), "2"};
}

// `command` once for each number, two at a time.
std::vector<measurements> by_all(const settings& how, const std::string& command, long jobs) {
    const numbers inputs(jobs);
    // It takes ten times as long as the others.
    const numbers fewer((jobs + 9) / 10);
    const std::vector<contestant> all = {
        runner("twill map", {twill_command(how), "map", "-j2", "--", command}, inputs),
        runner("posix_spawn + wait", bare(how, command, inputs), inputs),
        runner("xargs -P2", {"xargs", "-P2", "-n1", command}, inputs),
        runner("GNU parallel -j2", {"parallel", "-j2", command}, fewer),
        runner("twill map -k", {twill_command(how), "map", "-k", "-j2", "--", command}, inputs),
    };
    return interleave(all, how.rounds, command);
}

std::vector<row> true_rows(const settings& how) {
    const auto measured = by_all(how, "true", how.size(10'000));
    row cpu{.name = "CPU per job: true, 10,000, two at a time", .unit = "us"};
    cpu.targets = {{.against = "posix_spawn + wait", .bound = 1.2, .binding = true},
                   {.against = "xargs -P2", .bound = 0.75, .binding = true}};
    return {make_row(std::move(cpu), "cpu_us", measured),
            make_row({.name = "time per job: true, 10,000, two at a time", .unit = "us"}, "wall_us",
                     measured)};
}

// With all that is known of a job written to a log, after it is on the disk, by twill; GNU parallel
// writes less of it, and xargs and the loop nothing.
std::vector<row> log_rows(const settings& how) {
    const numbers inputs(how.size(10'000));
    const numbers fewer((inputs.count() + 9) / 10);
    const std::string log = inputs.path().string() + ".jsonl";
    // No log is written over.
    const auto with_log = [&](const std::string& command) {
        return words{"sh", "-c", "rm -f '" + log + "'; exec " + command};
    };
    const std::string twill = "'" + twill_command(how) + "' map --joblog '" + log + "'";
    const std::vector<contestant> all = {
        runner("twill map -j2", with_log(twill + " -j2 -- true"), inputs),
        runner("twill map", with_log(twill + " -- true"), inputs),
        runner("posix_spawn + wait", bare(how, "true", inputs), inputs),
        runner("xargs -P2", {"xargs", "-P2", "-n1", "true"}, inputs),
        runner("GNU parallel -j2", with_log("parallel -j2 --joblog '" + log + "' true"), fewer),
    };
    row cpu{.name = "CPU per job with output, resource use and log: true, 10,000", .unit = "us"};
    cpu.targets = {{.against = "xargs -P2", .bound = 0.65, .binding = true},
                   {.against = "GNU parallel -j2", .bound = 0.1, .binding = true},
                   {.against = "posix_spawn + wait", .bound = 1.2}};
    return {make_row(std::move(cpu), "cpu_us", interleave(all, how.rounds, "log"))};
}

// Here twill and GNU parallel collect a line from each job; the others let the jobs write.
std::vector<row> echo_rows(const settings& how) {
    const auto measured = by_all(how, "echo", how.size(5'000));
    return {make_row({.name = "CPU per job: echo, 5,000, two at a time", .unit = "us"}, "cpu_us",
                     measured)};
}

// The most resident memory, as the number of inputs grows.
std::vector<row> memory_rows(const settings& how) {
    const numbers few(how.size(2'000));
    const numbers many(how.size(50'000));
    const words twill = {twill_command(how), "map", "-j2"};
    const std::vector<contestant> all = {
        runner("twill map", twill + words{"--", "true"}, many),
        runner("twill map, 2,000 inputs", twill + words{"--", "true"}, few),
        runner("twill map -k", twill + words{"-k", "--", "true"}, many),
        runner("xargs -P2", {"xargs", "-P2", "-n1", "true"}, few),
    };
    row peak{.name = "most memory, 50,000 inputs", .unit = "KiB"};
    peak.targets = {{.against = "twill map, 2,000 inputs", .bound = 1.05, .binding = true}};
    return {make_row(std::move(peak), "peak_kib", interleave(all, how.rounds, "memory"))};
}

// A thousand inputs a process, so that a million take seconds; through a pipe, whose end nobody
// knows.
std::vector<row> many_inputs_rows(const settings& how) {
    const numbers none(1);
    const auto batches = [&](std::string name, long count) {
        const std::string line = "seq " + std::to_string(count) + " | '" + twill_command(how) +
                                 "' map -j2 --batch 1000 -- true";
        return runner(std::move(name), {"sh", "-c", line}, none);
    };
    const std::vector<contestant> all = {batches("twill map", how.size(1'000'000)),
                                         batches("twill map, 10,000 inputs", how.size(10'000))};
    row peak{.name = "most memory, 1,000,000 inputs in batches of 1,000", .unit = "KiB"};
    peak.targets = {{.against = "twill map, 10,000 inputs", .bound = 1.05, .binding = true}};
    return {make_row(std::move(peak), "peak_kib", interleave(all, how.rounds, "a million"))};
}

std::vector<row> all_rows(const settings& how) {
    std::vector<row> rows = wanted_rows(how, {{"true", true_rows},
                                              {"log", log_rows},
                                              {"echo", echo_rows},
                                              {"memory", memory_rows},
                                              {"a million", many_inputs_rows}});
    for (row& each : worker_rows(how, twill_command(how))) rows.push_back(std::move(each));
    for (row& each : best_number_rows(how, twill_command(how))) rows.push_back(std::move(each));
    return rows;
}

int run_one(const words& argv) {
    if (argv.front() == "worker") return be_worker();
    if (argv.front() != "bare") return 2;
    run_bare(argv.at(1).c_str(), std::stol(argv.at(2)), std::stol(argv.at(3)));
    return 0;
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::bench

int main(int argc, char** argv) {
    namespace bench = twill::bench;
    setenv("LC_ALL", "C", 1);
    return bench::suite_main(argc, argv, "map", bench::all_rows, bench::run_one);
}
