#include "twill/map/runner.hpp"

#include "twill/common/message.hpp"
#include "twill/map/stop_here.hpp"

#include <twill/core/error.hpp>
#include <twill/core/sleep.hpp>
#include <twill/runtime/usable_cpus.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <utility>

namespace twill_command {
namespace {

// A signal that was ignored when we started stays ignored (nohup; a shell's `&`): SIGTERM stands
// in.
int unless_ignored(int number) {
    struct sigaction now{};
    ::sigaction(number, nullptr, &now);
    return now.sa_handler == SIG_IGN ? SIGTERM : number;
}

}  // namespace

runner::runner(const map_arguments& arguments, input_source& inputs, std::string program,
               job_limit& limit, record_keeper& records)
    : arguments_(arguments),
      records_(records),
      signals_({SIGTERM, SIGQUIT, unless_ignored(SIGINT), unless_ignored(SIGHUP),
                unless_ignored(SIGTSTP)}),
      control_(inputs.total()),
      launcher_(arguments, std::move(program)),
      slots_(arguments, limit, control_),
      delivery_(arguments, launcher_, records, limit, control_),
      intake_(
          arguments, inputs, records, control_,
          [this](const planned_job& alone, std::string why) {
              delivery_.fail_unstarted(alone, std::move(why));
          },
          [this] { return delivery_.wait_for_room(); }),
      time_limit_(arguments.timeout),
      report_(twill::usable_cpus()) {
    if (arguments.worker != worker_protocol::none)
        workers_.emplace(arguments, worker_pool::surroundings{.commands = launcher_,
                                                              .inputs = intake_,
                                                              .results = delivery_,
                                                              .control = control_,
                                                              .limit = limit,
                                                              .gate = slots_.gate(),
                                                              .allowed_time = time_limit_,
                                                              .report = report_,
                                                              .chart = chart_});
}

twill::task<map_outcome> runner::run() {
    auto all = [this](twill::scope_ref beside) -> twill::task<> {
        beside.spawn(&runner::watch_signals, this);
        beside.spawn(&runner::look_after_processes, this);
        if (slots_.gate().guards_memory()) beside.spawn(&memory_guard::run, &slots_.guard());
        if (control_.line().is_shown()) beside.spawn(&progress::keep_drawn, &control_.line());
        co_await run_all();
        beside.cancel();
    };
    co_await twill::scope(all);
    control_.line().hide();
    co_return std::move(control_.outcome);
}

twill::task<> runner::run_all() {
    auto logged = [this](twill::scope_ref logging) -> twill::task<> {
        if (records_.is_active()) logging.spawn(&runner::keep_log, this);
        co_await twill::scope([this](twill::scope_ref jobs) { return run_jobs(jobs); });
        control_.everything.reset();
        if (records_.is_active()) records_.log().close();
    };
    co_await twill::scope(logged);
}

twill::task<> runner::run_jobs(twill::scope_ref jobs) {
    control_.everything = jobs;
    jobs.spawn(&printer::run, &delivery_.printing());
    co_await twill::scope([this](twill::scope_ref starting) { return start_jobs(starting); });
    control_.jobs.reset();
    delivery_.printing().close();
}

twill::task<> runner::start_jobs(twill::scope_ref starting) {
    control_.jobs = starting;
    if (workers_) workers_->start(starting);
    co_await twill::scope([this, starting](twill::scope_ref dispatching) {
        control_.starting = dispatching;
        return workers_ ? workers_->feed() : dispatch(starting);
    });
    control_.starting.reset();
    if (workers_) workers_->close();
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
    control_.end_early(exit_other_error, std::move(why));
    records_.log().written().announce();
}

twill::task<> runner::watch_signals() {
    for (;;) {
        const int number = co_await signals_.next();
        if (number == SIGTSTP) {
            suspend();
            continue;
        }
        const bool again = std::exchange(control_.outcome.signal, number) != 0;
        if (number == SIGINT && !again)
            interrupt();
        else
            control_.stop_all();
    }
}

void runner::interrupt() {
    control_.start_no_more();
    const std::size_t running = control_.outcome.counts.running;
    if (running == 0) return;
    control_.line().hide();
    complain("twill map: interrupted; waiting for {} running job{} (Ctrl-C again: stop {})",
             running, running == 1 ? "" : "s", running == 1 ? "it" : "them");
}

twill::task<> runner::look_after_processes() {
    constexpr twill::duration between_looks = std::chrono::milliseconds(500);
    for (bool told = false;;) {
        co_await twill::sleep(between_looks);
        launcher_.processes().reap_orphans();
        const auto waits = launcher_.processes().stopped_by_terminal();
        if (!waits || std::exchange(told, true)) continue;
        control_.line().hide();
        complain(
            "twill map: process {} wants the terminal, which no job gets, and waits for ever; a "
            "--timeout would end it, or Ctrl-C twice",
            *waits);
    }
}

// Ctrl-Z reaches this program alone, since each job has a group of its own.
void runner::suspend() {
    control_.line().hide();
    launcher_.processes().signal_groups(SIGTSTP);
    const auto since = twill::now();
    stop_here();
    const auto until = twill::now();
    time_limit_.note_stopped(until - since);
    slots_.note_stopped(since, until);
    report_.note_stopped(since, until);
    launcher_.processes().signal_groups(SIGCONT);
}

twill::task<> runner::dispatch(twill::scope_ref starting) {
    while (!control_.is_ending()) {
        limiter& limited_by = control_.outcome.counts.limited_by;
        limited_by = limiter::output;
        co_await delivery_.wait_for_room();
        limited_by = limiter::inputs;
        planned_job taken = co_await intake_.next(slots_.count());
        if (taken.inputs.empty()) {
            limited_by = limiter::nothing;
            break;
        }
        if (!co_await slots_.wait(intake_.left())) break;
        auto launched = co_await launch(taken);
        auto* const refused = std::get_if<refusal>(&launched);
        if (refused != nullptr && !refused->is_for_size(taken)) {
            delivery_.note_refusal(taken, std::move(*refused));
            continue;
        }
        control_.outcome.counts.started += taken.inputs.size();
        if (refused != nullptr) {
            starting.spawn(&runner::run_one_by_one, this, std::move(taken));
            continue;
        }
        starting.spawn(&runner::run_job, this, std::move(taken),
                       std::get<attempt>(std::move(launched)));
    }
}

// Waits for the end of another job when the system is short of something.
twill::task<std::variant<attempt, refusal>> runner::launch(const planned_job& what) {
    for (;;) {
        auto launched = launcher_.start(what);
        const auto* refused = std::get_if<refusal>(&launched);
        if (refused == nullptr) note_start(std::get<attempt>(launched));
        if (refused == nullptr || !refused->may_pass() || control_.outcome.counts.running == 0)
            co_return launched;
        slots_.gate().note_refused();
        co_await control_.job_ended().next();
    }
}

twill::task<> runner::run_job(planned_job what, attempt now) {
    for (;;) {
        job_result result = co_await follow(now);
        now.listed.leave();
        const auto times = note_end(what, now, result);
        if (!now.evicted) ++what.tries;
        const bool again = co_await may_try_again(what, now, result);
        if (again && co_await try_again(what, now, result)) continue;
        // It is not done, and says so nowhere: a later run starts it anew.
        if (now.evicted) co_return;
        if (what.inputs.size() > 1 && !result.success()) {
            co_await run_one_by_one(std::move(what));
            co_return;
        }
        co_await delivery_.hand_over(what, now.began, std::move(result),
                                     times.value_or(twill::call_sample()));
        co_return;
    }
}

twill::task<job_result> runner::follow(attempt& now) {
    const memory_guard::watch while_it_runs(slots_.guard(), now);
    // Others may have had their turn since it was started, Ctrl-Z among them.
    co_return co_await attend(now.child, now.began, now.stopped_before, time_limit_,
                              delivery_.store());
}

// Of a batch that failed, most may be good. They run side by side as other jobs do.
twill::task<> runner::run_one_by_one(planned_job what) {
    for (std::size_t i = 0; i < what.inputs.size(); ++i) {
        planned_job alone{.names = {what.names[i]}, .inputs = {std::move(what.inputs[i])}};
        {
            const auto waiting = delivery_.in_between();
            co_await delivery_.wait_for_reader();
            if (!co_await slots_.wait()) co_return;
        }
        auto launched = co_await launch(alone);
        if (auto* refused = std::get_if<refusal>(&launched)) {
            --control_.outcome.counts.started;  // it counts itself
            delivery_.note_refusal(alone, std::move(*refused));
            continue;
        }
        control_.jobs->spawn(&runner::run_job, this, std::move(alone),
                             std::get<attempt>(std::move(launched)));
    }
}

// What was measured of it, if that says something.
std::optional<twill::call_sample> runner::note_end(const planned_job& what, const attempt& now,
                                                   const job_result& result) {
    std::optional<twill::call_sample> times;
    if (result.ended != twill::time_point{} && !now.evicted) {
        const twill::duration stopped = time_limit_.stopped() - now.stopped_before;
        const twill::duration took =
            std::max<twill::duration>(result.ended - now.began - stopped, {});
        times = times_of_job(took, result.scheduled, result.status);
        time_limit_.note(took);
        intake_.note(what.inputs.size(), took);
    }
    slots_.give_back(now, times);
    note_in_views(what, now, result, times);
    return times;
}

void runner::note_start(attempt& one) {
    slots_.take(one);
    one.stopped_before = time_limit_.stopped();
    one.beside = control_.outcome.counts.running;
    report_.started(twill::now(), one.start_took, one.beside, slots_.count());
    if (arguments_.has_chart()) one.slot = chart_.take_slot();
}

void runner::note_in_views(const planned_job& what, const attempt& one, const job_result& result,
                           const std::optional<twill::call_sample>& times) {
    const auto now = twill::now();
    if (times)
        report_.ended(now, one.beside, *times);
    else
        report_.ended_unmeasured(now);
    if (!arguments_.has_chart()) return;
    stretch shown{.from = one.began, .to = now, .label = what.inputs.front()};
    if (times) {
        shown.run = times->run;
        shown.queued = times->queued;
        shown.blocked = times->blocked;
    } else {
        shown.unmeasured = now - one.began;
    }
    shown.failed = result.success() ? 0 : 1;
    chart_.add(one.slot, std::move(shown));
    chart_.give_back(one.slot);
}

// Once it is true, there is a slot.
twill::task<bool> runner::may_try_again(const planned_job& what, const attempt& last,
                                        const job_result& result) {
    const bool wanted = last.evicted || (!result.success() && what.tries < arguments_.tries);
    if (!wanted || control_.is_ending()) co_return false;
    const auto waiting = delivery_.resting();
    if (!last.evicted) co_await control_.pause(pauses_.after(what.tries));
    co_return co_await slots_.wait();
}

twill::task<bool> runner::try_again(planned_job& what, attempt& now, job_result& result) {
    auto launched = co_await launch(what);
    if (auto* refused = std::get_if<refusal>(&launched)) {
        now.evicted = false;
        result.problem = std::move(refused->message);
        co_return false;
    }
    now = std::get<attempt>(std::move(launched));
    co_return true;
}

}  // namespace twill_command
