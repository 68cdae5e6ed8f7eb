#include "twill/map/worker_pool.hpp"

#include "twill/common/message.hpp"

#include "twill/map/times_of_job.hpp"

#include <twill/core/random.hpp>
#include <twill/runtime/usable_cpus.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace twill_command {
namespace {

using namespace std::chrono_literals;

// Inputs that were taken and whose outputs are not printed: enough that workers never wait for us.
constexpr std::size_t most_held = 4096;
constexpr std::size_t most_queued_bytes = std::size_t{1} << 22U;

// Sent ahead to a worker: so much work, and not more inputs than these.
constexpr double seconds_ahead = 0.002;
constexpr std::size_t most_ahead = 512;

// An input whose worker died is tried again in any case: it may have been another's fault.
constexpr unsigned least_tries_after_death = 2;

// No output holds it by chance, nor one that was written before this run.
std::string new_mark() {
    twill::random_source dice(twill::random_seed());
    return fmt::format("twill-map-end-{:016x}", dice.next());
}

}  // namespace

worker_pool::worker_pool(const map_arguments& arguments, const surroundings& all)
    : arguments_(arguments),
      launcher_(all.commands),
      intake_(all.inputs),
      delivery_(all.results),
      control_(all.control),
      limit_(all.limit),
      gate_(all.gate),
      time_limit_(all.allowed_time),
      report_(all.report),
      chart_(all.chart),
      measures_(limit_.is_measured() || arguments.report || arguments.has_chart() ||
                arguments.log_path().has_value()),
      mark_(new_mark()),
      most_alive_(limit_.most()) {}

twill::task<> worker_pool::feed() {
    job_counts& counts = control_.outcome.counts;
    counts.allowed = limit_.now();
    while (!control_.is_ending()) {
        while (is_too_much()) {
            counts.limited_by =
                queue_.size() >= std::max<std::size_t>(alive_, 1) ? limiter::jobs : limiter::output;
            co_await delivery_.fewer().next();
        }
        counts.limited_by = limiter::inputs;
        planned_job next = co_await intake_.next(1);
        if (next.inputs.empty()) break;
        const std::string& input = next.inputs.front();
        if (arguments_.worker == worker_protocol::lines && input.find('\n') != std::string::npos) {
            delivery_.fail_unstarted(
                next, "the input has more than one line; give it to the worker with --lengths");
            continue;
        }
        queued_bytes_ += input.size();
        queue_.push_back(std::move(next));
        changed().announce();
    }
    counts.limited_by = limiter::nothing;
}

bool worker_pool::is_too_much() const noexcept {
    return queue_.size() + with_workers_ + to_come_back_ + delivery_.unwritten() >= most_held ||
           queued_bytes_ >= most_queued_bytes;
}

void worker_pool::close() {
    closed_ = true;
    changed().announce();
}

void worker_pool::start(twill::scope_ref jobs) {
    jobs_ = jobs;
    jobs.spawn(&worker_pool::keep_enough, this);
}

twill::task<> worker_pool::keep_enough() {
    constexpr twill::duration between_looks = 50ms;  // at a machine that has no room
    while (!is_finished()) {
        if (!needs_another() || !has_room())
            co_await wait_for_room();
        else if (!gate_.is_open(twill::now(), alive_))
            co_await control_.pause(between_looks);
        else
            start_one();
    }
}

// Those that are alive and have nothing to do would take what there is, if there were room.
bool worker_pool::needs_another() {
    return !queue_.empty() && !control_.is_ending() && alive_ == control_.outcome.counts.running &&
           alive_ < most_alive_ && another_pays() && is_heard();
}

// Whether this program could listen to one more. While it wants a CPU nearly all the time, those
// that are there wait for it, which looks as if they were blocked. What it takes to start them is
// left out.
bool worker_pool::is_heard() {
    constexpr twill::duration between_looks = 5ms;
    constexpr double nearly_all = 0.75;
    if (!limit_.is_measured() || alive_ < twill::usable_cpus()) return true;
    const auto now = twill::now();
    if (now - own_looked_ >= between_looks) {
        const auto seen = read_schedstat(::gettid());
        if (!seen) return true;
        const twill::duration wanted =
            seen->run + seen->queued - own_seen_.run - own_seen_.queued - starting_;
        is_heard_ = wanted < (now - own_looked_ - starting_) * nearly_all;
        own_looked_ = now;
        own_seen_ = *seen;
        starting_ = {};
    }
    return is_heard_;
}

// One that will be ready only once all is done does nothing. Where that is not known, it may do
// something.
bool worker_pool::another_pays() const {
    const auto inputs = left();
    if (!limit_.is_measured() || alive_ == 0 || !inputs) return true;
    return static_cast<double>(*inputs) * seconds_each_ / static_cast<double>(alive_) >=
           seconds_until_ready_;
}

// Or for something to do, or its end.
twill::task<> worker_pool::wait_for_room() {
    const auto look = queue_.empty() ? twill::never : limit_.next_look();
    const bool changed_before = co_await control_.job_ended_before(look);
    // Those that rest ask again.
    if (!changed_before && has_room()) changed().announce();
}

void worker_pool::start_one() {
    auto launched = launcher_.start_worker(mark_);
    if (auto* refused = std::get_if<refusal>(&launched)) {
        // The others do its work, where the system has no room for another.
        if (alive_ == 0 || !refused->may_pass())
            refuse_to_start(std::move(*refused));
        else
            most_alive_ = alive_;
        return;
    }
    ++alive_;
    auto& process = std::get<attempt>(launched);
    latest_start_ = process.start_took;
    starting_ += process.start_took;
    if (arguments_.has_chart()) process.slot = chart_.take_slot();
    jobs_->spawn(&worker_pool::follow, this, std::move(process));
}

twill::task<> worker_pool::follow(attempt process) {
    const std::size_t slot = process.slot;
    worker one(std::move(process), arguments_.worker, mark_, time_limit_, delivery_.store(), *this);
    co_await one.live();
    --alive_;
    co_await settle(one);
    if (arguments_.has_chart()) chart_.give_back(slot);
    changed().announce();
}

void worker_pool::refuse_to_start(refusal why) {
    control_.end_early(why.status(), std::move(why.message));
    changed().announce();
}

twill::task<> worker_pool::settle(worker& ended) {
    auto& left = ended.unanswered();
    if (left.empty()) {
        const std::string complaint = ended.complaint();
        if (complaint.empty()) co_return;
        control_.line().hide();
        complain("twill map: {}", complaint);
        co_return;
    }
    answer first = std::move(left.front());
    left.pop_front();
    with_workers_ -= left.size();
    // They were only sent ahead.
    for (; !left.empty(); left.pop_back()) put_back(std::move(left.back().what));
    const bool by_death = !first.result.timed_out;
    co_await settle_one(std::move(first), by_death);
}

twill::task<> worker_pool::settle_one(answer which, bool by_death) {
    ++which.what.tries;
    --with_workers_;
    draw(which);
    const unsigned most =
        by_death ? std::max(arguments_.tries, least_tries_after_death) : arguments_.tries;
    if (!which.result.success() && which.what.tries < most && !control_.is_ending()) {
        ++to_come_back_;
        jobs_->spawn(&worker_pool::try_later, this, std::move(which));
    } else {
        const auto times = which.times.value_or(twill::call_sample());
        co_await delivery_.hand_over(which.what, which.began, std::move(which.result), times);
    }
    changed().announce();
}

void worker_pool::draw(const answer& which) {
    if (!arguments_.has_chart()) return;
    stretch shown{.from = which.began,
                  .to = which.result.ended,
                  .label = which.what.inputs.front(),
                  .failed = which.result.success() ? 0U : 1U};
    if (which.times) {
        shown.run = which.times->run;
        shown.queued = which.times->queued;
        shown.blocked = which.times->blocked;
    } else {
        shown.unmeasured = which.result.ended - which.began;
    }
    chart_.add(which.slot, std::move(shown));
}

twill::task<> worker_pool::try_later(answer failed) {
    co_await control_.pause(pauses_.after(failed.what.tries));
    --to_come_back_;
    if (control_.is_ending())
        co_await delivery_.hand_over(failed.what, failed.began, std::move(failed.result), {});
    else
        put_back(std::move(failed.what));
    changed().announce();
}

void worker_pool::put_back(planned_job what) {
    if (what.tries == 0) --control_.outcome.counts.started;
    queued_bytes_ += what.inputs.front().size();
    queue_.push_front(std::move(what));
}

std::vector<planned_job> worker_pool::take(std::size_t most) {
    std::vector<planned_job> taken;
    if (control_.is_ending()) return taken;
    // Near the end there is something for each.
    const std::size_t share =
        std::max<std::size_t>(queue_.size() / (2 * std::max<std::size_t>(alive_, 1)), 1);
    std::size_t bytes = 0;
    while (!queue_.empty() && taken.size() < std::min(most, share) && bytes < most_bytes_ahead) {
        bytes += queue_.front().inputs.front().size();
        queued_bytes_ -= queue_.front().inputs.front().size();
        if (queue_.front().tries == 0) ++control_.outcome.counts.started;
        taken.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
    with_workers_ += taken.size();
    return taken;
}

bool worker_pool::is_finished() const {
    if (control_.is_ending()) return true;
    return closed_ && queue_.empty() && with_workers_ == 0 && to_come_back_ == 0;
}

std::size_t worker_pool::window() const {
    const bool needs_step = in_step_ && arguments_.worker == worker_protocol::lines;
    return needs_step ? 1 : window_;
}

// With lines, only order tells whose it is: what a worker writes while others wait in its pipe may
// be that of the next one.
void worker_pool::note_error_output() { in_step_ = true; }

void worker_pool::note_no_answer(std::size_t bytes) {
    if (std::exchange(told_of_no_answer_, true)) return;
    control_.line().hide();
    complain(
        "twill map: a worker has written {} byte{} in its first seconds, and no mark that ends an "
        "answer (a line \"$TWILL_MAP_END STATUS\"): is it a worker, and does it write out (flush) "
        "what it has? Waiting on; without --worker, each input gets a process of its own",
        bytes, bytes == 1 ? "" : "s");
}

void worker_pool::note_time(std::size_t count, twill::duration took, bool first) {
    // Those that came together were worked on one after the other.
    const auto typical = took / static_cast<twill::duration::rep>(count);
    constexpr std::size_t enough = 8;
    for (std::size_t i = 0; i < std::min(count, enough); ++i) time_limit_.note(typical);
    const double each = std::chrono::duration<double>(took).count() / static_cast<double>(count);
    constexpr double weight = 0.2;
    if (first) {
        // Most of that was the program's own beginning.
        seconds_until_ready_ +=
            (seconds_until_ready_ == 0 ? 1 : weight) * (each - seconds_until_ready_);
        return;
    }
    seconds_each_ += weight * (each - seconds_each_);
    // The first ones say more than a guess.
    seconds_each_ = std::min(seconds_each_, 2 * each + 1e-9);
    const auto wanted = static_cast<std::size_t>(
        std::min(seconds_ahead / std::max(seconds_each_, 1e-9), double{most_ahead}));
    window_ = std::clamp<std::size_t>(wanted, 1, 2 * window_);
}

std::optional<std::size_t> worker_pool::left() const noexcept {
    if (closed_) return queue_.size();
    const auto more = intake_.left();
    return more ? std::optional(*more + queue_.size()) : std::nullopt;
}

bool worker_pool::has_room() {
    const bool room = limit_.has_room(twill::now(), left());
    control_.outcome.counts.allowed = limit_.now();
    return room;
}

void worker_pool::begin_turn(worker_turn& turn, const scheduled_time& before) {
    turn.beside = ++control_.outcome.counts.running;
    limit_.started(turn.process, turn.began, before);
    report_.started(turn.began, std::exchange(latest_start_, {}), turn.beside, limit_.now());
    if (needs_another()) changed().announce();
}

void worker_pool::end_turn(const worker_turn& turn, twill::time_point now,
                           const std::optional<twill::call_sample>& times) {
    --control_.outcome.counts.running;
    if (times) {
        control_.note_share(*times);
        limit_.ended(turn.process, turn.began, now, *times, turn.answers);
        report_.ended(now, turn.beside, *times, turn.answers);
    } else {
        limit_.ended_unmeasured(turn.process, turn.began, now);
        report_.ended_unmeasured(now, turn.answers);
    }
}

twill::task<> worker_pool::answered(answer whole) { co_await settle_one(std::move(whole), false); }

}  // namespace twill_command
