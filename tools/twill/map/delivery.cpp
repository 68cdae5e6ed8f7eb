#include "twill/map/delivery.hpp"

#include "twill/common/message.hpp"

#include <twill/core/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace twill_command {
namespace {

// How many jobs for each running one may wait for their turn with --keep-order, or to be tried
// again; and at least.
constexpr std::size_t ahead_for_each_running = 8;
constexpr std::size_t least_ahead = 64;

}  // namespace

std::size_t delivery::most_started() const noexcept {
    return least_ahead + ahead_for_each_running * limit_.now();
}

std::size_t delivery::most_unprinted() const noexcept {
    return arguments_.keep_order ? most_started() : 2 * limit_.now();
}

std::size_t delivery::most_unlogged() const noexcept {
    constexpr std::size_t wait_for_the_disk = 16;
    if (!arguments_.sync) return limit_.now();
    return wait_for_the_disk + 4 * limit_.now();
}

// Begun, and not in the log: a later run would repeat them. Not those that wait to be tried again,
// nor for their turn.
std::size_t delivery::unlogged() const noexcept {
    const std::size_t unprinted = arguments_.keep_order ? 0 : printer_.waiting();
    return control_.outcome.counts.running + in_between_ + unprinted + records_.log().unwritten();
}

twill::task<> delivery::wait_for_room() {
    const auto has_room = [this] {
        const std::size_t held = control_.outcome.counts.running + in_between_ + printer_.waiting();
        // Those that wait to be tried again leave their slots to others.
        return held < most_unprinted() && held + resting_ < most_started();
    };
    for (;;) {
        if (!has_room())
            co_await control_.held_less().next();
        else if (is_logging() && unlogged() >= limit_.now() + most_unlogged())
            co_await (records_.log().unwritten() > 0 ? records_.log().written()
                                                     : control_.held_less())
                .next();
        else
            co_return;
    }
}

twill::task<> delivery::wait_for_reader() {
    // In order, its turn comes before that of all that waits.
    while (!arguments_.keep_order && printer_.waiting() >= most_unprinted())
        co_await control_.held_less().next();
    // Of those that have begun it is one already: only what has been written down is waited for.
    while (is_logging() && records_.log().unwritten() >= most_unlogged())
        co_await records_.log().written().next();
}

bool delivery::is_logging() const noexcept { return records_.is_active() && !control_.is_ending(); }

std::size_t delivery::unwritten() const noexcept {
    return printer_.waiting() + (records_.is_active() ? records_.log().unwritten() : 0);
}

change& delivery::fewer() noexcept {
    if (printer_.waiting() > 0) return control_.held_less();
    return unwritten() > 0 ? records_.log().written() : control_.job_ended();
}

void delivery::note_refusal(const planned_job& what, refusal why) {
    if (commands_.ends_all(why))
        control_.end_early(why.status(), std::move(why.message));
    else
        fail_unstarted(what, std::move(why.message));
}

void delivery::fail_unstarted(const planned_job& what, std::string why) {
    control_.outcome.counts.started += what.inputs.size();
    const std::string description = fmt::format("{}: {}", commands_.described(what), why);
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
            record.command = commands_.described(what);
            record.problem = why;
        }
        printer_.hand_over(what.names[i].turn, std::move(left));
    }
    note_done(what.inputs.size(), true, exit_other_error);
}

twill::task<> delivery::hand_over(const planned_job& what, twill::time_point began,
                                  job_result result, const twill::call_sample& times) {
    std::vector<job_record> records;
    if (records_.is_active()) records = records_of(what, began, result, times);
    if (records_.has_results()) {
        // One without a place there is not done.
        co_await keep_results(records.front(), result);
        records.clear();
    }
    const bool failed = !result.success();
    const int status = result.status.shell_code();
    printout left(std::move(result.out), std::move(result.err));
    if (arguments_.tag) left.tag = what.inputs.front() + "\t";
    left.note = judge(what, result);
    left.records = std::move(records);
    printer_.hand_over(what.names.front().turn, std::move(left));
    // What a batch writes is that of the first.
    for (std::size_t i = 1; i < what.names.size(); ++i)
        printer_.hand_over(what.names[i].turn, printout(store_));
    note_done(what.inputs.size(), failed, status);
}

std::vector<job_record> delivery::records_of(const planned_job& what, twill::time_point began,
                                             const job_result& result,
                                             const twill::call_sample& times) const {
    const auto ended = result.ended != twill::time_point{} ? result.ended : twill::now();
    job_record common;
    common.started = records_.calendar_time(began);
    common.wall = ended - began;
    common.received = result.out.size();
    common.status = result.status;
    common.times = times;
    common.tries = what.tries;
    common.batch = what.inputs.size();
    common.timed_out = result.timed_out;
    common.problem = result.problem;
    // Those for workers that stay may be longer.
    constexpr std::size_t longest_logged = std::size_t{1} << 17U;
    std::vector<job_record> all(what.inputs.size(), common);
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i].id = what.names[i].id;
        all[i].number = what.names[i].number;
        all[i].input = what.inputs[i];
        // As if it had been alone: lines that each had all of a batch would make a log that grows
        // with its square.
        const planned_job alone{.names = {what.names[i]}, .inputs = {what.inputs[i]}};
        all[i].command = what.inputs[i].size() <= longest_logged ? commands_.command_for(alone)
                                                                 : commands_.described(alone);
    }
    return all;
}

// Where it fails, nothing is started any more: there is no room for other results either.
twill::task<> delivery::keep_results(const job_record& record, job_result& result) {
    std::string why;
    {
        const counted writing(in_between_);
        try {
            co_await records_.keep_results(record, result);
        } catch (const twill::io_error& failure) {
            why = failure.what();
        }
    }
    control_.announce_end();
    if (why.empty()) co_return;
    control_.end_early(exit_other_error, why);
    result.problem = std::move(why);
}

// A line about how the job ended, where it needs one.
std::string delivery::judge(const planned_job& what, const job_result& result) {
    if (result.success()) return {};
    const std::string how = result.timed_out ? std::string("stopped: it took longer than --timeout")
                                             : result.status.to_string();
    const std::string description = fmt::format("{}: {}", commands_.described(what),
                                                result.problem.empty() ? how : result.problem);
    note_failure(description);
    // A failing program has said itself what is wrong; one that was stopped could not.
    if (!result.timed_out && result.status.exited && result.problem.empty()) return {};
    return fmt::format("twill map: {}\n", description);
}

void delivery::note_failure(const std::string& description) {
    map_outcome& outcome = control_.outcome;
    if (outcome.counts.failed++ == 0) outcome.first_failure = description;
}

// The last that happens to a job: it may be this one that stops the others.
void delivery::note_done(std::size_t jobs, bool failed, int status) {
    map_outcome& outcome = control_.outcome;
    job_counts& counts = outcome.counts;
    counts.done += jobs;
    const halt_policy& halt = arguments_.halt;
    const halt_policy::counts now{
        .ended = counts.ended(), .failed = counts.failed, .all = control_.inputs()};
    if (outcome.halted || !halt.is_reached(failed, now)) return;
    outcome.halted = halt.exit_status(failed && status == 0 ? exit_other_error : status, now);
    control_.start_no_more();
    if (halt.what == halt_policy::action::now) control_.stop_jobs();
}

}  // namespace twill_command
