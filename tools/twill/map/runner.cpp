#include "twill/map/runner.hpp"

#include "twill/common/message.hpp"

#include <twill/core/error.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

namespace twill_command {
namespace {

// With --keep-order, how many jobs for each running one may wait for their turn; and at least.
constexpr std::size_t ahead_for_each_running = 8;
constexpr std::size_t least_ahead = 64;

// A signal that was ignored when we started stays ignored (nohup; a shell's `&`): SIGTERM stands
// in.
int unless_ignored(int number) {
    struct sigaction now{};
    ::sigaction(number, nullptr, &now);
    return now.sa_handler == SIG_IGN ? SIGTERM : number;
}

// The system is short of something that the end of a job gives back.
bool may_pass(const std::error_code& why) {
    return why == std::errc::resource_unavailable_try_again ||
           why == std::errc::not_enough_memory || why == std::errc::too_many_files_open ||
           why == std::errc::too_many_files_open_in_system;
}

// Of the program as a whole, as a shell's.
int status_for(const std::error_code& why) {
    if (why == std::errc::no_such_file_or_directory) return exit_not_found;
    if (why == std::errc::permission_denied) return exit_not_executable;
    return exit_other_error;
}

}  // namespace

runner::runner(const map_arguments& arguments, input_source& inputs, std::string program,
               job_limit& limit)
    : arguments_(arguments),
      inputs_(inputs),
      template_(arguments.command),
      limit_(limit),
      null_device_(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
      signals_({SIGTERM, SIGQUIT, unless_ignored(SIGINT), unless_ignored(SIGHUP)}),
      progress_(outcome_.counts, inputs.total()),
      printer_(arguments.keep_order, progress_) {
    if (null_device_ < 0) throw twill::io_error("open", "/dev/null", errno);
    command_.program = std::move(program);
    command_.in = twill::stdio::use(null_device_);
    command_.out = twill::stdio::pipe();
    command_.err = twill::stdio::pipe();
    command_.own_group = true;
    // Should this program be killed: nobody would read what they write.
    command_.dies_with_starter = true;
    command_.keeps_ignored_signals = true;
}

runner::~runner() { ::close(null_device_); }

twill::task<map_outcome> runner::run() {
    auto all = [this](twill::scope_ref beside) -> twill::task<> {
        beside.spawn(&runner::watch_signals, this);
        if (progress_.is_shown()) beside.spawn(&progress::keep_drawn, &progress_);
        co_await twill::scope([this](twill::scope_ref jobs) { return run_jobs(jobs); });
        jobs_.reset();
        beside.cancel();
    };
    co_await twill::scope(all);
    progress_.hide();
    co_return std::move(outcome_);
}

twill::task<> runner::watch_signals() {
    for (;;) {
        const int number = co_await signals_.next();
        const bool again = std::exchange(outcome_.signal, number) != 0;
        if (number == SIGINT && !again)
            start_no_more();
        else if (jobs_)
            jobs_->cancel();
    }
}

void runner::start_no_more() {
    if (dispatching_) dispatching_->cancel();
    const std::size_t running = outcome_.counts.running;
    if (running == 0) return;
    progress_.hide();
    complain("twill map: interrupted; waiting for {} running job{} (Ctrl-C again: stop {})",
             running, running == 1 ? "" : "s", running == 1 ? "it" : "them");
}

twill::task<> runner::run_jobs(twill::scope_ref jobs) {
    jobs_ = jobs;
    jobs.spawn(&printer::run, &printer_);
    co_await twill::scope([this, jobs](twill::scope_ref dispatching) {
        dispatching_ = dispatching;
        return dispatch(jobs);
    });
    dispatching_.reset();
    while (outcome_.counts.running > 0) co_await job_ended_.next();
    printer_.close();
}

twill::task<> runner::dispatch(twill::scope_ref jobs) {
    while (outcome_.status == 0) {
        co_await wait_for_room();
        const auto next = co_await inputs_.next();
        if (!next) break;
        const std::uint64_t number = next_number_++;
        if (next->what_is_wrong != input::flaw::none) {
            fail_unstarted(number, next->bytes,
                           next->what_is_wrong == input::flaw::too_long
                               ? "the input is longer than the system allows for an argument"
                               : "the input holds a NUL byte; are inputs NUL-separated (-0)?");
            continue;
        }
        if (auto job = co_await start(next->bytes, number))
            jobs.spawn(&runner::run_job, this, std::move(*job));
    }
}

twill::task<> runner::wait_for_room() {
    job_counts& counts = outcome_.counts;
    while (counts.running >= limit_.now()) co_await job_ended_.next();
    while (counts.running + printer_.waiting() >= most_unprinted())
        co_await printer_.printed().next();
}

std::size_t runner::most_unprinted() const noexcept {
    const std::size_t jobs = limit_.now();
    return arguments_.keep_order ? least_ahead + ahead_for_each_running * jobs : 2 * jobs;
}

// None: it could not be started, which is noted.
twill::task<std::optional<started_job>> runner::start(std::string_view input,
                                                      std::uint64_t number) {
    job_counts& counts = outcome_.counts;
    for (;;) {
        template_.fill(input, command_.arguments);
        std::error_code why;
        std::string message;
        try {
            const auto began = twill::now();
            started_job job{twill::process::start(command_), began, number, std::string(input)};
            limit_.started(began);
            ++counts.started;
            ++counts.running;
            co_return job;
        } catch (const twill::io_error& failure) {
            why = failure.code();
            message = failure.what();
        }
        if (may_pass(why) && counts.running > 0) {
            co_await job_ended_.next();
            continue;
        }
        if (ends_all(why))
            end_early(status_for(why), std::move(message));
        else
            fail_unstarted(number, input, std::move(message));
        co_return std::nullopt;
    }
}

// Whether what prevented the start of one job prevents all others.
bool runner::ends_all(const std::error_code& why) const {
    return may_pass(why) || (status_for(why) != exit_other_error && !template_.program_varies());
}

void runner::end_early(int status, std::string why) {
    outcome_.status = status;
    progress_.hide();
    complain("twill map: {}; no more jobs are started", why);
}

void runner::fail_unstarted(std::uint64_t number, std::string_view input, std::string why) {
    ++outcome_.counts.started;
    const std::string description = fmt::format("{}: {}", described(input), why);
    note_failure(description);
    printer_.hand_over(number, {kept_output(store_), kept_output(store_),
                                fmt::format("twill map: {}\n", description)});
}

twill::task<> runner::run_job(started_job job) {
    job_result result = co_await attend(std::move(job.child), arguments_.timeout, store_);
    note_end(job, std::move(result));
}

void runner::note_end(const started_job& job, job_result result) {
    --outcome_.counts.running;
    if (result.ended != twill::time_point{})
        limit_.ended(job.began, twill::now(),
                     times_of_job(result.ended - job.began, result.scheduled, result.status));
    else
        limit_.ended_unmeasured(job.began, twill::now());
    std::string note;
    if (!result.success()) {
        const std::string how = result.timed_out
                                    ? std::string("stopped: it took longer than --timeout")
                                    : result.status.to_string();
        const std::string description = fmt::format("{}: {}", described(job.input),
                                                    result.problem.empty() ? how : result.problem);
        note_failure(description);
        // A failing program has said itself what is wrong; one that was stopped could not.
        if (result.timed_out || !result.status.exited || !result.problem.empty())
            note = fmt::format("twill map: {}\n", description);
    }
    printer_.hand_over(job.number, {std::move(result.out), std::move(result.err), std::move(note)});
    job_ended_.announce();
}

void runner::note_failure(const std::string& description) {
    if (outcome_.counts.failed++ == 0) outcome_.first_failure = description;
}

// The command line for `input`, as a message shows it.
std::string runner::described(std::string_view input) const {
    constexpr std::size_t longest = 200;
    std::vector<std::string> words;
    template_.fill(input.substr(0, longest), words);
    std::string line = quoted_for_shell(words);
    if (line.size() <= longest) return line;
    return line.substr(0, longest) + "...";
}

}  // namespace twill_command
