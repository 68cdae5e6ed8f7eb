#include "twill/map/worker.hpp"

#include "twill/common/message.hpp"

#include <twill/core/error.hpp>
#include <twill/core/finally.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>

namespace twill_command {
namespace {

using namespace std::chrono_literals;

// What an ended worker has written comes out of the pipe at once, unless somebody else holds it.
constexpr twill::duration linger = 1s;
// Whoever has written something by then should have ended an answer, too.
constexpr twill::duration time_for_first_answer = 3s;

// With --timeout as a share of the median: how often that is looked at, and the least that it comes
// to, since some inputs take microseconds, and a process may have to wait for a CPU.
constexpr twill::duration look = 100ms;
constexpr twill::duration least_share = 100ms;

// Small ones are copied to where they just fit.
constexpr std::size_t small = 4096;

}  // namespace

worker::worker(attempt process, worker_protocol protocol, const std::string& mark,
               const time_limit& limit, output_store& store, worker_desk& desk)
    : process_(std::move(process)),
      protocol_(protocol),
      limit_(limit),
      store_(store),
      desk_(desk),
      parser_(protocol, mark),
      meter_(process_.child.pid()) {
    process_.stopped_before = limit.stopped();
}

twill::task<> worker::live() {
    auto stop = [this]() -> twill::task<> {
        status_ = co_await process_.child.terminate(stop_grace);
    };
    co_await twill::finally(work(), stop, stop_grace + twill::default_cleanup_limit);
    process_.listed.leave();
    drain_errors();
    if (unanswered_.empty()) co_return;
    desk_.end_turn(turn_, twill::now(), std::nullopt);
    job_result& first = unanswered_.front().result;
    first.status = status_;
    first.ended = twill::now();
    first.timed_out = timed_out_;
    if (!timed_out_) first.problem = complaint();
}

std::string worker::complaint() const {
    if (!problem_.empty()) return problem_;
    if (!unanswered_.empty())
        return "the worker ended before it had answered (" + status_.to_string() + ")";
    return status_.success() ? std::string() : "a worker ended with " + status_.to_string();
}

twill::task<> worker::work() {
    auto together = [this](twill::scope_ref all) -> twill::task<> {
        all.spawn(&worker::feed, this, all);
        all.spawn(&worker::collect, this);
        all.spawn(&worker::watch_end, this, all);
        if (limit_.now() || limit_.may_change()) all.spawn(&worker::watch_time, this, all);
        if (protocol_ == worker_protocol::lines) all.spawn(&worker::watch_first_answer, this);
        co_await read(all);
    };
    co_await twill::scope(together);
}

twill::task<> worker::feed(twill::scope_ref all) {
    try {
        for (;;) {
            const std::size_t window = desk_.window();
            // Several at a time, where several are sent ahead.
            if (!has_enough(window) && may_take()) {
                co_await send(desk_.take(window - unanswered_.size()));
                continue;
            }
            if (desk_.is_finished() && unanswered_.empty()) break;
            co_await desk_.changed().next();
        }
    } catch (const twill::io_error&) {
        // Nobody reads it: the worker ends, or has.
        co_return;
    }
    process_.child.in().close();
    co_await twill::sleep(stop_grace);
    co_await kill_slowly();
    co_await end_all(all);
}

twill::task<> worker::send(std::vector<planned_job> jobs) {
    std::string bytes;
    const auto now = twill::now();
    if (unanswered_.empty()) begin_turn(now);
    turn_.inputs += jobs.size();
    for (planned_job& each : jobs) {
        append_input(bytes, each.inputs.front(), protocol_);
        unanswered_bytes_ += each.inputs.front().size();
        unanswered_.push_back({.what = std::move(each),
                               .began = now,
                               .result = job_result(store_),
                               .slot = process_.slot,
                               .stopped_before = limit_.stopped()});
    }
    co_await process_.child.in().write_all(bytes);
}

twill::task<> worker::read(twill::scope_ref all) {
    for (;;) {
        std::size_t got = 0;
        try {
            got = co_await process_.child.out().read_some(parser_.room());
        } catch (const twill::io_error& failure) {
            problem_ = failure.what();
        }
        if (got == 0) break;
        parser_.added(got);
        written_ += got;
        taking_ = true;
        const bool is_answer = co_await take_answers();
        taking_ = false;
        stirred_.announce();
        if (!is_answer) break;
    }
    // As a rule it ends now. It may only have closed its output, or have written nonsense: then it
    // is stopped.
    if (problem_.empty()) {
        try {
            co_await twill::with_timeout(linger, until_ended());
        } catch (const twill::timed_out&) {
            problem_ = "the worker closed its output and did not end";
        }
    }
    all.cancel();
}

twill::task<> worker::until_ended() {
    while (!ended_) co_await stirred_.next();
}

// False: what the worker writes is no answer.
twill::task<bool> worker::take_answers() {
    std::size_t answers = 0;
    const auto now = twill::now();
    const bool first = !has_answered_;
    const auto until = working_time(now);
    auto began = until;
    if (first)
        began = process_.began - process_.stopped_before;
    else if (!unanswered_.empty())
        began = unanswered_.front().began - unanswered_.front().stopped_before;
    for (;;) {
        const answer_part part = parser_.next();
        if (part.what == answer_part::kind::more) break;
        if (part.what == answer_part::kind::wrong || unanswered_.empty()) {
            problem_ = unanswered_.empty() ? "the worker wrote what it was not asked for"
                                           : "the worker wrote what is no answer";
            co_return false;
        }
        job_result& result = unanswered_.front().result;
        try {
            if (part.what == answer_part::kind::output) co_await keep(result.out, part.bytes);
            if (part.what == answer_part::kind::error_output) co_await keep(result.err, part.bytes);
        } catch (const twill::io_error& failure) {
            // There is no place for it: of this job alone.
            if (result.problem.empty()) result.problem = failure.what();
        }
        if (part.what != answer_part::kind::end) continue;
        if (answers++ == 0) co_await gather_errors();
        co_await end_answer(part.status, now);
    }
    if (answers > 0) desk_.note_time(answers, until - began, first);
    co_return true;
}

twill::task<> worker::end_answer(int status, twill::time_point now) {
    answer done = std::move(unanswered_.front());
    unanswered_.pop_front();
    unanswered_bytes_ -= done.what.inputs.front().size();
    ++turn_.answers;
    has_answered_ = true;
    const bool is_last = unanswered_.empty();
    if (is_last || meter_.is_due(working_time(now))) {
        const bool alone = turn_.inputs == 1;
        // Later than `now`, perhaps: others have had their turn since.
        const auto looked = twill::now();
        const auto times = end_turn(looked);
        if (alone) done.times = times;
        is_to_rest_ = !is_last && !desk_.has_room();
        if (!is_last) begin_turn(looked);
    }
    if (!is_last) {
        unanswered_.front().began = now;
        unanswered_.front().stopped_before = limit_.stopped();
    }
    done.result.status.exited = true;
    done.result.status.code = status;
    done.result.ended = now;
    co_await desk_.answered(std::move(done));
}

bool worker::has_enough(std::size_t window) const noexcept {
    if (unanswered_.empty()) return false;
    return unanswered_.size() > window / 2 || unanswered_bytes_ >= most_bytes_ahead;
}

// What was sent ahead is answered in any case.
bool worker::may_take() {
    if (!desk_.has_inputs()) return false;
    return unanswered_.empty() ? desk_.has_room() : !is_to_rest_;
}

void worker::begin_turn(twill::time_point now) {
    turn_ = {.process = process_.child.pid(),
             .began = now,
             .is_first = !has_answered_,
             .inputs = unanswered_.size()};
    meter_.begin(working_time(now));
    desk_.begin_turn(turn_, meter_.seen());
}

std::optional<twill::call_sample> worker::end_turn(twill::time_point now) {
    std::optional<twill::call_sample> times;
    if (desk_.measures() && meter_.is_due(working_time(now)))
        times = meter_.end(working_time(now));
    else
        meter_.skip();
    desk_.end_turn(turn_, now, times);
    return times;
}

twill::task<> worker::keep(kept_output& into, std::span<const std::byte> bytes) {
    if (into.in_memory() && into.size() + bytes.size() <= small) {
        into.append(bytes);
        co_return;
    }
    while (!bytes.empty()) {
        if (into.should_spill()) co_await into.spill();
        const auto room = into.room();
        const std::size_t count = std::min(room.size(), bytes.size());
        std::ranges::copy(bytes.first(count), room.begin());
        into.add(count);
        bytes = bytes.subspan(count);
    }
}

twill::task<> worker::collect() {
    std::vector<std::byte> piece(small);
    for (;;) {
        const std::size_t got = co_await process_.child.err().read_some(piece);
        if (got == 0) co_return;
        const auto bytes = std::span<const std::byte>(piece).first(got);
        if (unanswered_.empty()) {
            add_errors_without_job(bytes);
            continue;
        }
        desk_.note_error_output();
        keeping_errors_ = true;
        job_result& result = unanswered_.front().result;
        try {
            co_await keep(result.err, bytes);
        } catch (const twill::io_error& failure) {
            if (result.problem.empty()) result.problem = failure.what();
        }
        keeping_errors_ = false;
        stirred_.announce();
    }
}

// What it wrote to standard error before it ended the answer was there when that was read: it is in
// the pipe still, or with `collect`, which was made ready before the one who asks.
twill::task<> worker::gather_errors() {
    co_await twill::yield();
    while (keeping_errors_) co_await stirred_.next();
    drain_errors();
}

// What is there now. Nothing of this job is moved to a file after it, so a tail may be long.
void worker::drain_errors() {
    constexpr int most_pieces = 32;
    std::array<std::byte, small> piece;
    for (int pieces = 0; pieces < most_pieces; ++pieces) {
        const ssize_t got =
            ::read(process_.child.err().native_handle(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return;
        const auto bytes = std::span<const std::byte>(piece).first(static_cast<std::size_t>(got));
        if (unanswered_.empty()) {
            add_errors_without_job(bytes);
            continue;
        }
        desk_.note_error_output();
        unanswered_.front().result.err.append(bytes);
    }
}

void worker::add_errors_without_job(std::span<const std::byte> bytes) {
    write_to_stderr({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

twill::time_point worker::deadline_for(const answer& one, twill::duration allowed) const {
    return twill::after(one.began, allowed + limit_.stopped() - one.stopped_before);
}

twill::task<> worker::watch_time(twill::scope_ref all) {
    for (;;) {
        auto allowed = limit_.now();
        const auto now = twill::now();
        if (!allowed) {
            co_await twill::sleep(look);
            continue;
        }
        if (limit_.may_change()) allowed = std::max(*allowed, least_share);
        // An input that comes later has its time from then.
        const auto deadline = unanswered_.empty() ? twill::after(now, *allowed)
                                                  : deadline_for(unanswered_.front(), *allowed);
        if (deadline <= now) break;
        co_await twill::sleep(limit_.may_change() ? std::min(deadline - now, look)
                                                  : deadline - now);
    }
    timed_out_ = true;
    co_await kill_slowly();
    co_await end_all(all);
}

twill::task<> worker::watch_end(twill::scope_ref all) {
    co_await process_.child.ended();
    ended_ = true;
    stirred_.announce();
    // What it has started would hold its output open.
    static_cast<void>(process_.child.signal_group(SIGKILL));
    co_await twill::sleep(linger);
    co_await end_all(all);
}

// An answer that is complete is not lost, however long its results take to be written.
twill::task<> worker::end_all(twill::scope_ref all) {
    while (taking_) co_await stirred_.next();
    all.cancel();
}

// Any command that copies or filters would be waited for for ever.
twill::task<> worker::watch_first_answer() {
    co_await twill::sleep(time_for_first_answer);
    if (!has_answered_ && written_ > 0) desk_.note_no_answer(written_);
}

twill::task<> worker::kill_slowly() {
    static_cast<void>(process_.child.signal_group(SIGTERM));
    co_await twill::sleep(stop_grace);
    static_cast<void>(process_.child.signal_group(SIGKILL));
}

}  // namespace twill_command
