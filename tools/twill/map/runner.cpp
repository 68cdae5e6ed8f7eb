#include "twill/map/runner.hpp"

#include "twill/common/message.hpp"

#include <twill/core/error.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>

namespace twill_command {
namespace {

using namespace std::chrono_literals;

// With --keep-order, how many jobs for each running one may wait for their turn; and at least.
constexpr std::size_t ahead_for_each_running = 8;
constexpr std::size_t least_ahead = 64;

constexpr twill::duration between_looks = 50ms;  // at a machine that has no room

// Before the first retry at most, doubled for each further one.
constexpr twill::duration first_backoff = 100ms;
constexpr twill::duration longest_backoff = 30s;

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

// Counts for as long as it lives.
class counted {
public:
    explicit counted(std::size_t& what) noexcept : what_(what) { ++what_; }
    ~counted() { --what_; }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;

private:
    std::size_t& what_;
};

}  // namespace

runner::runner(const map_arguments& arguments, input_source& inputs, std::string program,
               job_limit& limit, record_keeper& records)
    : arguments_(arguments),
      inputs_(inputs),
      template_(arguments.command, arguments.json_lines),
      limit_(limit),
      records_(records),
      null_device_(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
      signals_({SIGTERM, SIGQUIT, unless_ignored(SIGINT), unless_ignored(SIGHUP)}),
      progress_(outcome_.counts, inputs.total()),
      printer_(arguments.keep_order, progress_, records.is_active() ? &records.log() : nullptr),
      gate_(arguments.gate),
      time_limit_(arguments.timeout),
      batch_(arguments.batch),
      dice_(twill::random_seed()) {
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
        if (gate_.guards_memory()) beside.spawn(&runner::guard_memory, this);
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

twill::task<> runner::run_jobs(twill::scope_ref jobs) {
    jobs_ = jobs;
    jobs.spawn(&printer::run, &printer_);
    co_await twill::scope([this](twill::scope_ref starting) { return start_jobs(starting); });
    starting_.reset();
    printer_.close();
}

twill::task<> runner::start_jobs(twill::scope_ref starting) {
    starting_ = starting;
    co_await twill::scope([this, starting](twill::scope_ref dispatching) {
        dispatching_ = dispatching;
        return dispatch(starting);
    });
    dispatching_.reset();
}

// Without a log, going on would lose what is done; what runs may end.
twill::task<> runner::keep_log() {
    std::string why;
    try {
        co_await records_.log().run();
    } catch (const twill::io_error& failure) {
        why = failure.what();
    }
    if (!why.empty()) end_early(exit_other_error, std::move(why));
}

twill::task<> runner::watch_signals() {
    for (;;) {
        const int number = co_await signals_.next();
        const bool again = std::exchange(outcome_.signal, number) != 0;
        if (number == SIGINT && !again)
            interrupt();
        else if (jobs_)
            jobs_->cancel();
    }
}

twill::task<> runner::guard_memory() {
    for (;;) {
        co_await twill::sleep(100ms);
        if (running_.size() > 1 && gate_.is_desperate()) evict_youngest();
    }
}

// It has done the least. The others may then end.
void runner::evict_youngest() {
    attempt& youngest = *running_.back();
    if (youngest.evicted) return;
    youngest.evicted = true;
    evicted_lately_ = true;
    static_cast<void>(youngest.child.signal_group(SIGKILL));
}

// Stopping.

void runner::interrupt() {
    start_no_more();
    const std::size_t running = outcome_.counts.running;
    if (running == 0) return;
    progress_.hide();
    complain("twill map: interrupted; waiting for {} running job{} (Ctrl-C again: stop {})",
             running, running == 1 ? "" : "s", running == 1 ? "it" : "them");
}

void runner::start_no_more() {
    no_more_ = true;
    if (dispatching_) dispatching_->cancel();
    no_more_changed_.announce();
    job_ended_.announce();
}

void runner::end_early(int status, std::string why) {
    if (outcome_.status != 0) return;
    outcome_.status = status;
    progress_.hide();
    complain("twill map: {}; no more jobs are started", why);
    start_no_more();
}

// Whether what prevented the start of one job prevents all others.
bool runner::ends_all(const std::error_code& why) const {
    return may_pass(why) || (status_for(why) != exit_other_error && !template_.program_varies());
}

// Starting.

twill::task<> runner::dispatch(twill::scope_ref starting) {
    while (!no_more_) {
        co_await wait_for_room();
        job taken = co_await gather();
        if (taken.inputs.empty()) break;
        if (!co_await wait_for_slot()) break;
        auto launched = co_await launch(taken);
        if (auto* refused = std::get_if<refusal>(&launched)) {
            note_refusal(taken, std::move(*refused));
            continue;
        }
        outcome_.counts.started += taken.inputs.size();
        starting.spawn(&runner::run_job, this, std::move(taken),
                       std::get<attempt>(std::move(launched)));
    }
}

// The inputs for the next process; none: there are no more.
twill::task<job> runner::gather() {
    // A command line takes more, but not everywhere much more.
    constexpr std::size_t enough_bytes = 65536;
    job made;
    std::size_t bytes = 0;
    const auto total = inputs_.total();
    const std::size_t wanted = batch_.next(
        total ? std::optional(*total - static_cast<std::size_t>(inputs_taken_)) : std::nullopt,
        limit_.now());
    while (made.inputs.size() < wanted && bytes < enough_bytes) {
        // Those that are here need not wait for those that may come.
        const bool has_some = !made.inputs.empty();
        if (has_some && batch_.is_automatic() && !inputs_.has_one_at_hand()) break;
        const auto next = co_await inputs_.next();
        if (!next) break;
        bytes += next->bytes.size() + 1;
        take(*next, made);
    }
    co_return made;
}

void runner::take(const input& next, job& into) {
    job_name name{.number = ++inputs_taken_, .turn = turns_given_, .id = {}};
    if (records_.is_active()) {
        name.id = records_.identify(next.bytes);
        if (records_.is_done(name.id)) {
            ++outcome_.counts.skipped;
            return;
        }
    }
    ++turns_given_;
    if (next.what_is_wrong == input::flaw::none) {
        into.names.push_back(name);
        into.inputs.emplace_back(next.bytes);
        return;
    }
    const job alone{.names = {name}, .inputs = {std::string(next.bytes)}};
    fail_unstarted(alone, next.what_is_wrong == input::flaw::too_long
                              ? "the input is longer than the system allows for an argument"
                              : "the input holds a NUL byte; are inputs NUL-separated (-0)?");
}

// For another output to keep.
twill::task<> runner::wait_for_room() {
    const auto unprinted = [this] {
        return outcome_.counts.running + in_between_ + printer_.waiting();
    };
    while (unprinted() >= most_unprinted())
        co_await (in_between_ > 0 ? job_ended_ : printer_.printed()).next();
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

// False: no more are started. When true, nothing else runs before the caller does.
twill::task<bool> runner::wait_for_slot() {
    while (!no_more_) {
        const auto now = twill::now();
        if (outcome_.counts.running >= limit_.now())
            co_await wait_for_end();
        else if (now < next_start_)
            co_await pause(next_start_ - now);
        else if (!machine_has_room())
            co_await pause(between_looks);
        else
            co_return true;
    }
    co_return false;
}

// Of a job. Or, at the beginning, until it is clear that more can run besides.
twill::task<> runner::wait_for_end() {
    if (!limit_.is_guessing()) {
        co_await job_ended_.next();
        co_return;
    }
    constexpr twill::duration look = 5ms;
    bool ended = true;
    try {
        co_await twill::with_timeout(look, until_job_ends());
    } catch (const twill::timed_out&) {
        ended = false;
    }
    if (!ended && limit_.is_guessing() && runnable_threads() == 0.0)
        limit_.double_unseen(outcome_.counts.running, twill::now());
}

twill::task<> runner::until_job_ends() { co_await job_ended_.next(); }

bool runner::machine_has_room() {
    // What was not asked for must not stop everything.
    if (running_.empty() && !gate_.was_asked_for()) return true;
    return !evicted_lately_ && gate_.is_open(twill::now());
}

// Shorter, once no more are started.
twill::task<> runner::pause(twill::duration length) {
    try {
        co_await twill::with_timeout(length, until_no_more());
    } catch (const twill::timed_out&) {
        // That was the pause.
    }
}

twill::task<> runner::until_no_more() {
    while (!no_more_) co_await no_more_changed_.next();
}

twill::task<std::variant<attempt, runner::refusal>> runner::launch(const job& what) {
    for (;;) {
        refusal refused;
        if (auto problem =
                template_.fill(what.inputs, what.names.front().number, command_.arguments)) {
            refused = {std::make_error_code(std::errc::invalid_argument), std::move(*problem)};
            co_return refused;
        }
        try {
            const auto began = twill::now();
            attempt made{.child = twill::process::start(command_), .began = began};
            limit_.started(began);
            ++outcome_.counts.running;
            if (arguments_.delay) next_start_ = twill::after(began, *arguments_.delay);
            co_return made;
        } catch (const twill::io_error& failure) {
            refused = {failure.code(), failure.what()};
        }
        if (!may_pass(refused.why) || outcome_.counts.running == 0) co_return refused;
        co_await job_ended_.next();
    }
}

void runner::note_refusal(const job& what, refusal why) {
    if (ends_all(why.why))
        end_early(status_for(why.why), std::move(why.message));
    else
        fail_unstarted(what, std::move(why.message));
}

void runner::fail_unstarted(const job& what, std::string why) {
    outcome_.counts.started += what.inputs.size();
    const std::string description = fmt::format("{}: {}", described(what), why);
    for (std::size_t i = 0; i < what.inputs.size(); ++i) {
        note_failure(description);
        printout left(store_);
        if (i == 0) left.note = fmt::format("twill map: {}\n", description);
        if (records_.is_active()) {
            job_record& record = left.records.emplace_back();
            record.id = what.names[i].id;
            record.number = what.names[i].number;
            record.started = records_.calendar_time(twill::now());
            record.input = what.inputs[i];
            record.command = described(what);
            record.problem = why;
        }
        printer_.hand_over(what.names[i].turn, std::move(left));
    }
    note_done(what.inputs.size(), true, exit_other_error);
}

// Running.

twill::task<> runner::run_job(job what, attempt now) {
    for (;;) {
        job_result result = co_await follow(now);
        twill::call_sample times;
        note_end(what.inputs.size(), now, result, times);
        if (!now.evicted) ++what.tries;
        const bool again = co_await may_try_again(what, now, result);
        if (again && co_await try_again(what, now, result)) continue;
        // It is not done, and says so nowhere: a later run starts it anew.
        if (now.evicted) co_return;
        if (what.inputs.size() > 1 && !result.success()) {
            co_await run_one_by_one(std::move(what));
            co_return;
        }
        co_await hand_over(what, now, std::move(result), times);
        co_return;
    }
}

// Of a batch that failed, most may be good.
twill::task<> runner::run_one_by_one(job what) {
    for (std::size_t i = 0; i < what.inputs.size(); ++i) {
        job alone{.names = {what.names[i]}, .inputs = {std::move(what.inputs[i])}};
        {
            const counted waiting(in_between_);
            if (!co_await wait_for_slot()) co_return;
        }
        auto launched = co_await launch(alone);
        if (auto* refused = std::get_if<refusal>(&launched)) {
            --outcome_.counts.started;  // it counts itself
            note_refusal(alone, std::move(*refused));
            continue;
        }
        co_await run_job(std::move(alone), std::get<attempt>(std::move(launched)));
    }
}

twill::task<job_result> runner::follow(attempt& now) {
    running_.push_back(&now);
    struct listed {
        ~listed() { std::erase(all, &one); }
        std::vector<attempt*>& all;
        attempt& one;
    } const while_it_runs{running_, now};
    co_return co_await attend(now.child, now.began, time_limit_, store_);
}

void runner::note_end(std::size_t inputs, const attempt& now, const job_result& result,
                      twill::call_sample& times) {
    --outcome_.counts.running;
    if (!now.evicted) evicted_lately_ = false;
    if (result.ended != twill::time_point{} && !now.evicted) {
        times = times_of_job(result.ended - now.began, result.scheduled, result.status);
        limit_.ended(now.began, twill::now(), times);
        time_limit_.note(result.ended - now.began);
        batch_.note(inputs, result.ended - now.began);
    } else {
        limit_.ended_unmeasured(now.began, twill::now());
    }
    job_ended_.announce();
}

// Once it is true, there is a slot.
twill::task<bool> runner::may_try_again(const job& what, const attempt& last,
                                        const job_result& result) {
    const bool wanted = last.evicted || (!result.success() && what.tries < arguments_.tries);
    if (!wanted || no_more_) co_return false;
    const counted waiting(in_between_);
    if (!last.evicted) {
        // "Full jitter": those that failed together do not come back together.
        const auto longest = std::min(
            first_backoff * (std::int64_t{1} << std::min(what.tries - 1, 16U)), longest_backoff);
        co_await pause(std::chrono::duration_cast<twill::duration>(longest * dice_.unit()));
    }
    co_return co_await wait_for_slot();
}

twill::task<bool> runner::try_again(job& what, attempt& now, job_result& result) {
    auto launched = co_await launch(what);
    if (auto* refused = std::get_if<refusal>(&launched)) {
        now.evicted = false;
        result.problem = std::move(refused->message);
        co_return false;
    }
    now = std::get<attempt>(std::move(launched));
    co_return true;
}

twill::task<> runner::hand_over(const job& what, const attempt& now, job_result result,
                                const twill::call_sample& times) {
    std::vector<job_record> records;
    if (records_.is_active()) records = records_of(what, now, result, times);
    if (records_.has_results()) {
        // One without a place there is not done.
        co_await keep_results(records.front(), result);
        records.clear();
    }
    const bool failed = !result.success();
    const int status = result.status.shell_code();
    printout left(std::move(result.out), std::move(result.err));
    left.tag = tag_for(what);
    left.note = judge(what, result);
    left.records = std::move(records);
    printer_.hand_over(what.names.front().turn, std::move(left));
    // What a batch writes is that of the first.
    for (std::size_t i = 1; i < what.names.size(); ++i)
        printer_.hand_over(what.names[i].turn, printout(store_));
    note_done(what.inputs.size(), failed, status);
}

std::vector<job_record> runner::records_of(const job& what, const attempt& now,
                                           const job_result& result,
                                           const twill::call_sample& times) const {
    const auto ended = result.ended != twill::time_point{} ? result.ended : twill::now();
    job_record common;
    common.started = records_.calendar_time(now.began);
    common.wall = ended - now.began;
    common.received = result.out.size();
    common.command = command_for(what);
    common.status = result.status;
    common.times = times;
    common.tries = what.tries;
    common.batch = what.inputs.size();
    common.timed_out = result.timed_out;
    common.problem = result.problem;
    std::vector<job_record> all(what.inputs.size(), common);
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i].id = what.names[i].id;
        all[i].number = what.names[i].number;
        all[i].input = what.inputs[i];
    }
    return all;
}

// Where it fails, nothing is started any more: there is no room for other results either.
twill::task<> runner::keep_results(const job_record& record, job_result& result) {
    std::string why;
    {
        const counted writing(in_between_);
        try {
            co_await records_.keep_results(record, result);
        } catch (const twill::io_error& failure) {
            why = failure.what();
        }
    }
    job_ended_.announce();
    if (why.empty()) co_return;
    end_early(exit_other_error, why);
    result.problem = std::move(why);
}

// A line about how the job ended, where it needs one.
std::string runner::judge(const job& what, const job_result& result) {
    if (result.success()) return {};
    const std::string how = result.timed_out ? std::string("stopped: it took longer than --timeout")
                                             : result.status.to_string();
    const std::string description =
        fmt::format("{}: {}", described(what), result.problem.empty() ? how : result.problem);
    note_failure(description);
    // A failing program has said itself what is wrong; one that was stopped could not.
    if (!result.timed_out && result.status.exited && result.problem.empty()) return {};
    return fmt::format("twill map: {}\n", description);
}

void runner::note_failure(const std::string& description) {
    if (outcome_.counts.failed++ == 0) outcome_.first_failure = description;
}

// The last that happens to a job: it may be this one that stops the others.
void runner::note_done(std::size_t jobs, bool failed, int status) {
    job_counts& counts = outcome_.counts;
    counts.done += jobs;
    const halt_policy& halt = arguments_.halt;
    if (outcome_.halted || !halt.is_reached(failed, counts.done, counts.failed)) return;
    // As GNU parallel: the status of the job that failed too much, or success.
    if (halt.why == halt_policy::reason::fail)
        outcome_.halted = status == 0 ? exit_other_error : status;
    else if (halt.why == halt_policy::reason::success)
        outcome_.halted = 0;
    else
        outcome_.halted = static_cast<int>(std::min(counts.failed, std::size_t{101}));
    start_no_more();
    if (halt.what == halt_policy::action::now && starting_) starting_->cancel();
}

std::string runner::command_for(const job& what) const {
    std::vector<std::string> words;
    static_cast<void>(template_.fill(what.inputs, what.names.front().number, words));
    return quoted_for_shell(words);
}

// The command line as a message shows it.
std::string runner::described(const job& what) const {
    constexpr std::size_t longest = 200;
    std::string line = command_for(what);
    if (line.size() <= longest) return line;
    return line.substr(0, longest) + "...";
}

std::string runner::tag_for(const job& what) const {
    return arguments_.tag ? what.inputs.front() + "\t" : std::string();
}

}  // namespace twill_command
