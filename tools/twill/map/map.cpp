#include "twill/map/map.hpp"

#include "twill/common/message.hpp"
#include "twill/common/quiet_options.hpp"
#include "twill/map/arguments.hpp"
#include "twill/map/descriptors.hpp"
#include "twill/map/dry_run.hpp"
#include "twill/map/input_source.hpp"
#include "twill/map/job.hpp"
#include "twill/map/job_limit.hpp"
#include "twill/map/job_log.hpp"
#include "twill/map/record_keeper.hpp"
#include "twill/map/runner.hpp"

#include <twill/core/error.hpp>
#include <twill/core/time.hpp>
#include <twill/io/process.hpp>
#include <twill/runtime/runtime.hpp>
#include <twill/runtime/usable_cpus.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <initializer_list>

namespace twill_command {
namespace {

// Without -j: more than any machine's CPUs, and enough for jobs that only wait.
constexpr unsigned most_measured = 1024;
constexpr std::size_t most_counted_failures = 100;

// Ends the program as the signal would have: a shell, and whoever waits, must see that it was one.
[[noreturn]] void end_by_signal(int number) {
    std::signal(number, SIG_DFL);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, number);
    ::sigprocmask(SIG_UNBLOCK, &only, nullptr);
    ::raise(number);
    ::_exit(128 + number);
}

int refuse_program(std::string_view name, const twill::program_location& found) {
    complain("twill map: {}: {}", name,
             found.error == ENOENT ? "command not found" : std::strerror(found.error));
    return found.shell_code();
}

// What is started from now on inherits it.
void be_nice(int niceness) {
    if (::setpriority(PRIO_PROCESS, 0, niceness) != 0)
        complain("twill map: --nice {}: {}", niceness, std::strerror(errno));
}

int sum_up(const map_outcome& outcome) {
    if (outcome.signal != 0) end_by_signal(outcome.signal);
    const job_counts& counts = outcome.counts;
    if (counts.failed > 0)
        complain("twill map: {} of {} job{} failed; the first: {}", counts.failed, counts.started,
                 counts.started == 1 ? "" : "s", outcome.first_failure);
    if (counts.skipped > 0)
        complain("twill map: {} of {} jobs had been done before", counts.skipped,
                 counts.skipped + counts.started);
    if (outcome.status != 0) return outcome.status;
    if (outcome.halted) {
        complain("twill map: halted after {} job{}", counts.started,
                 counts.started == 1 ? "" : "s");
        return *outcome.halted;
    }
    if (counts.started + counts.skipped == 0) complain("twill map: no input, nothing was run");
    // GNU parallel's: the number of failed jobs, 101 for more than 100.
    return static_cast<int>(std::min(counts.failed, most_counted_failures + 1));
}

job_limit limit_for(const map_arguments& arguments, unsigned most, twill::time_point began) {
    if (arguments.jobs) return job_limit(most);
    return {twill::usable_cpus(), most, began, arguments.manners};
}

// Five lines at most: what was measured, what the guards did, and the latest decisions. `fit`: for
// how many jobs there are descriptors, where nobody has asked for a number.
std::vector<std::string> explanation(std::vector<std::string> lines, std::string guards,
                                     std::optional<unsigned> fit) {
    if (fit && *fit < most_measured) {
        const auto files = fmt::format("open files (ulimit -n) leave room for {} at a time", *fit);
        guards = guards.empty() ? files : guards + "; " + files;
    }
    if (guards.empty()) return lines;
    constexpr std::size_t most = 5;
    if (lines.size() == most) lines.erase(lines.begin() + 1);
    lines.insert(lines.begin() + 1, std::move(guards));
    return lines;
}

int run_jobs(const map_arguments& arguments, input_source& inputs) {
    std::string program;
    const command_template command(arguments.command, arguments.json_lines);
    if (!command.program_varies()) {
        auto found = twill::find_program(command.program());
        if (!found) return refuse_program(command.program(), found);
        program = std::move(found.path);
    }
    const bool asked_for = arguments.jobs.has_value();
    const unsigned jobs =
        jobs_that_fit(arguments, arguments.jobs.value_or(most_measured), asked_for);
    if (jobs == 0) return exit_other_error;
    for (const auto& path : {arguments.timeline, arguments.trace})
        if (path) job_chart::prepare(*path);
    record_keeper records(arguments);
    if (arguments.niceness) be_nice(*arguments.niceness);
    const auto began = twill::now();
    job_limit limit = limit_for(arguments, jobs, began);
    runner all(arguments, inputs, std::move(program), limit, records);
    map_outcome outcome;
    try {
        outcome = twill::run(quiet_options(), [&] { return all.run(); });
    } catch (...) {
        records.finish();
        throw;
    }
    records.finish();
    if (arguments.explain)
        for (const auto& line : explanation(limit.explained(began), all.what_guards_did(),
                                            asked_for ? std::nullopt : std::optional(jobs)))
            complain("twill map: {}", line);
    if (arguments.report)
        for (const auto& line : all.report().lines()) complain("twill map: {}", line);
    if (const auto count = records.strangers(); count > 0 && outcome.counts.started > 0)
        complain(
            "twill map: of the {} job{} in {} none was asked for again: command, input, directory "
            "or a variable of --env differ",
            count, count == 1 ? "" : "s", *arguments.log_path());
    if (arguments.timeline) all.chart().save_picture(*arguments.timeline);
    if (arguments.trace) all.chart().save_trace(*arguments.trace);
    return sum_up(outcome);
}

int run_dry(const map_arguments& arguments, input_source& inputs) {
    const std::size_t count =
        twill::run(quiet_options(), [&] { return print_commands(arguments, inputs); });
    if (count == 0) complain("twill map: no input, nothing would be run");
    return 0;
}

int run_with(const map_arguments& arguments) {
    const std::string file = arguments.input_file.value_or("-");
    const auto bounds =
        arguments.worker == worker_protocol::none
            ? input_bounds::of_arguments()
            : input_bounds::of_workers(arguments.worker == worker_protocol::lengths);
    auto inputs = arguments.inputs
                      ? input_source(*arguments.inputs)
                      : input_source(file, arguments.null_separated ? '\0' : '\n', bounds);
    if (!arguments.inputs && file == "-" && ::isatty(STDIN_FILENO) == 1)
        complain("twill map: reading inputs from the terminal, one a line; Ctrl-D ends them");
    const halt_policy& halt = arguments.halt;
    if (halt.is_percent && halt.why == halt_policy::reason::done && !inputs.total()) {
        complain(
            "twill map: --halt done=N%: how many inputs a pipe brings is not known; put them into "
            "a file, or behind ':::'");
        return exit_usage;
    }
    return arguments.dry_run ? run_dry(arguments, inputs) : run_jobs(arguments, inputs);
}

}  // namespace

int run_map(int argc, char** argv) {
    const auto understood = parse_map_arguments(argc, argv);
    if (const auto* answer = std::get_if<map_answer>(&understood)) {
        if (answer->is_help) return print("twill map", answer->text);
        complain("twill map: {}", answer->text);
        return exit_usage;
    }
    // Writing to a closed pipe is to fail, so that what runs can be ended first. Not ignored: jobs
    // would inherit that.
    std::signal(SIGPIPE, [](int) {});
    // Where it is ignored, which some programs leave to those that they start, nobody could wait
    // for a child: the kernel would not keep how it ended.
    std::signal(SIGCHLD, SIG_DFL);
    try {
        return run_with(std::get<map_arguments>(understood));
    } catch (const unusable_log& why) {
        complain("twill map: {}", why.what());
        return exit_usage;
    } catch (const twill::io_error& failure) {
        if (failure.code() == std::errc::broken_pipe) end_by_signal(SIGPIPE);
        complain("twill map: {}", failure.what());
        return exit_other_error;
    }
}

}  // namespace twill_command
