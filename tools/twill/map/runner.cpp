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
               job_limit& limit, record_keeper& records)
    : arguments_(arguments),
      inputs_(inputs),
      template_(arguments.command),
      limit_(limit),
      records_(records),
      null_device_(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
      signals_({SIGTERM, SIGQUIT, unless_ignored(SIGINT), unless_ignored(SIGHUP)}),
      progress_(outcome_.counts, inputs.total()),
      printer_(arguments.keep_order, progress_, records.is_active() ? &records.log() : nullptr) {
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
        co_await run_all();
        beside.cancel();
    };
    co_await twill::scope(all);
    progress_.hide();
    co_return std::move(outcome_);
}

twill::task<> runner::run_all() {
    auto logged = [this](twill::scope_ref logging) -> twill::task<> {
        if (records_.is_active()) logging.spawn(&runner::keep_log, this);
        co_await twill::scope([this](twill::scope_ref jobs) { return run_jobs(jobs); });
        jobs_.reset();
        if (records_.is_active()) records_.log().close();
    };
    co_await twill::scope(logged);
}

// Without a log, going on would lose what is done; what runs may end.
twill::task<> runner::keep_log() {
    std::string why;
    try {
        co_await records_.log().run();
    } catch (const twill::io_error& failure) {
        why = failure.what();
    }
    if (why.empty()) co_return;
    end_early(exit_other_error, std::move(why));
    if (dispatching_) dispatching_->cancel();
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
    while (outcome_.counts.running + being_kept_ > 0) co_await job_ended_.next();
    printer_.close();
}

twill::task<> runner::dispatch(twill::scope_ref jobs) {
    while (outcome_.status == 0) {
        co_await wait_for_room();
        const auto next = co_await inputs_.next();
        if (!next) break;
        job_name name{.number = ++inputs_taken_, .turn = turns_given_, .id = {}};
        if (records_.is_active()) {
            name.id = records_.identify(next->bytes);
            if (records_.is_done(name.id)) {
                ++outcome_.counts.skipped;
                continue;
            }
        }
        ++turns_given_;
        if (next->what_is_wrong != input::flaw::none) {
            fail_unstarted(name, next->bytes,
                           next->what_is_wrong == input::flaw::too_long
                               ? "the input is longer than the system allows for an argument"
                               : "the input holds a NUL byte; are inputs NUL-separated (-0)?");
            continue;
        }
        if (auto job = co_await start(next->bytes, name))
            jobs.spawn(&runner::run_job, this, std::move(*job));
    }
}

twill::task<> runner::wait_for_room() {
    job_counts& counts = outcome_.counts;
    while (counts.running >= limit_.now()) co_await job_ended_.next();
    while (counts.running + being_kept_ + printer_.waiting() >= most_unprinted())
        co_await (being_kept_ > 0 ? job_ended_ : printer_.printed()).next();
    // What is not in the log would be repeated.
    while (records_.is_active() && records_.log().unwritten() >= most_unlogged())
        co_await records_.log().written().next();
}

std::size_t runner::most_unlogged() const noexcept {
    constexpr std::size_t least = 16;
    return least + 4 * limit_.now();
}

std::size_t runner::most_unprinted() const noexcept {
    const std::size_t jobs = limit_.now();
    return arguments_.keep_order ? least_ahead + ahead_for_each_running * jobs : 2 * jobs;
}

// None: it could not be started, which is noted.
twill::task<std::optional<started_job>> runner::start(std::string_view input, job_name name) {
    job_counts& counts = outcome_.counts;
    for (;;) {
        template_.fill(input, command_.arguments);
        std::error_code why;
        std::string message;
        try {
            const auto began = twill::now();
            started_job job{twill::process::start(command_), began, name, std::string(input)};
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
            fail_unstarted(name, input, std::move(message));
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

void runner::fail_unstarted(job_name name, std::string_view input, std::string why) {
    ++outcome_.counts.started;
    const std::string description = fmt::format("{}: {}", described(input), why);
    note_failure(description);
    printout what(store_);
    what.note = fmt::format("twill map: {}\n", description);
    if (records_.is_active()) {
        job_record record;
        record.id = name.id;
        record.number = name.number;
        record.started = records_.calendar_time(twill::now());
        record.input = input;
        record.command = described(input);
        record.problem = std::move(why);
        what.record = std::move(record);
    }
    printer_.hand_over(name.turn, std::move(what));
}

twill::task<> runner::run_job(started_job job) {
    job_result result = co_await attend(std::move(job.child), arguments_.timeout, store_);
    twill::call_sample times;
    note_end(job, result, times);
    std::optional<job_record> record;
    if (records_.is_active()) record = record_of(job, result, times);
    if (records_.has_results()) {
        // One without a place there is not done.
        co_await keep_results(*record, result);
        record.reset();
    }
    printout what(std::move(result.out), std::move(result.err));
    what.note = judge(job, result);
    what.record = std::move(record);
    printer_.hand_over(job.name.turn, std::move(what));
}

void runner::note_end(const started_job& job, const job_result& result, twill::call_sample& times) {
    --outcome_.counts.running;
    if (result.ended != twill::time_point{}) {
        times = times_of_job(result.ended - job.began, result.scheduled, result.status);
        limit_.ended(job.began, twill::now(), times);
    } else {
        limit_.ended_unmeasured(twill::now());
    }
    job_ended_.announce();
}

job_record runner::record_of(const started_job& job, const job_result& result,
                             const twill::call_sample& times) const {
    const auto ended = result.ended != twill::time_point{} ? result.ended : twill::now();
    std::vector<std::string> words;
    template_.fill(job.input, words);
    return {.id = job.name.id,
            .number = job.name.number,
            .started = records_.calendar_time(job.began),
            .wall = ended - job.began,
            .received = result.out.size(),
            .input = job.input,
            .command = quoted_for_shell(words),
            .status = result.status,
            .times = times,
            .timed_out = result.timed_out,
            .problem = result.problem};
}

// Where it fails, nothing is started any more: there is no room for other results either.
twill::task<> runner::keep_results(const job_record& record, job_result& result) {
    ++being_kept_;
    try {
        co_await records_.keep_results(record, result);
    } catch (const twill::io_error& failure) {
        result.problem = failure.what();
    }
    --being_kept_;
    job_ended_.announce();
    if (result.problem != record.problem && outcome_.status == 0)
        end_early(exit_other_error, result.problem);
}

// A line about how the job ended, where it needs one.
std::string runner::judge(const started_job& job, const job_result& result) {
    if (result.success()) return {};
    const std::string how = result.timed_out ? std::string("stopped: it took longer than --timeout")
                                             : result.status.to_string();
    const std::string description =
        fmt::format("{}: {}", described(job.input), result.problem.empty() ? how : result.problem);
    note_failure(description);
    // A failing program has said itself what is wrong; one that was stopped could not.
    if (!result.timed_out && result.status.exited && result.problem.empty()) return {};
    return fmt::format("twill map: {}\n", description);
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
