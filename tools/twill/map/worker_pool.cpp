#include "twill/map/worker_pool.hpp"

#include "twill/common/message.hpp"

#include <twill/core/random.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace twill_command {
namespace {

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

worker_pool::worker_pool(const map_arguments& arguments, launcher& commands, intake& inputs,
                         delivery& results, run_control& control, time_limit& limit,
                         job_chart& chart, std::size_t workers)
    : arguments_(arguments),
      launcher_(commands),
      intake_(inputs),
      delivery_(results),
      control_(control),
      time_limit_(limit),
      chart_(chart),
      workers_(workers),
      mark_(new_mark()) {}

twill::task<> worker_pool::feed() {
    job_counts& counts = control_.outcome.counts;
    counts.allowed = workers_;
    while (!control_.is_ending()) {
        while (is_too_much()) {
            counts.limited_by = queue_.size() >= workers_ ? limiter::jobs : limiter::output;
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
    for (std::size_t i = 0; i < workers_; ++i) jobs.spawn(&worker_pool::keep_one, this);
}

twill::task<> worker_pool::keep_one() {
    while (co_await wait_for_work()) {
        if (!co_await start_and_follow()) break;
    }
}

// More than those that are alive and have nothing to do will take. False: there will be none.
twill::task<bool> worker_pool::wait_for_work() {
    const auto idle = [this] { return alive_ - control_.outcome.counts.running; };
    while (queue_.size() <= idle() || control_.is_ending()) {
        if (is_finished()) co_return false;
        co_await changed().next();
    }
    co_return true;
}

// False: another one is not to be tried.
twill::task<bool> worker_pool::start_and_follow() {
    auto launched = launcher_.start_worker(mark_);
    if (auto* refused = std::get_if<refusal>(&launched)) {
        // The others do its work, where the system has no room for another.
        if (alive_ == 0 || !refused->may_pass()) refuse_to_start(std::move(*refused));
        co_return false;
    }
    ++alive_;
    auto& process = std::get<attempt>(launched);
    if (arguments_.has_chart()) process.slot = chart_.take_slot();
    const std::size_t slot = process.slot;
    worker one(std::move(process), arguments_.worker, mark_, time_limit_, delivery_.store(), *this);
    co_await one.live();
    --alive_;
    co_await settle(one);
    if (arguments_.has_chart()) chart_.give_back(slot);
    changed().announce();
    co_return true;
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
        co_await delivery_.hand_over(which.what, which.began, std::move(which.result), {});
    }
    changed().announce();
}

void worker_pool::draw(const answer& which) {
    if (!arguments_.has_chart()) return;
    chart_.add(which.slot, {.from = which.began,
                            .to = which.result.ended,
                            .unmeasured = which.result.ended - which.began,
                            .label = which.what.inputs.front(),
                            .failed = which.result.success() ? 0U : 1U});
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
    const std::size_t share = std::max<std::size_t>(queue_.size() / (2 * workers_), 1);
    while (!queue_.empty() && taken.size() < std::min(most, share)) {
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

void worker_pool::note_time(std::size_t count, twill::duration took) {
    // Those that came together were worked on one after the other.
    const auto typical = took / static_cast<twill::duration::rep>(count);
    constexpr std::size_t enough = 8;
    for (std::size_t i = 0; i < std::min(count, enough); ++i) time_limit_.note(typical);
    const double each = std::chrono::duration<double>(took).count() / static_cast<double>(count);
    constexpr double weight = 0.2;
    seconds_each_ += weight * (each - seconds_each_);
    // The first ones say more than a guess.
    seconds_each_ = std::min(seconds_each_, 2 * each + 1e-9);
    const auto wanted = static_cast<std::size_t>(
        std::min(seconds_ahead / std::max(seconds_each_, 1e-9), double{most_ahead}));
    window_ = std::clamp<std::size_t>(wanted, 1, 2 * window_);
}

void worker_pool::note_busy(bool busy) {
    if (busy)
        ++control_.outcome.counts.running;
    else
        --control_.outcome.counts.running;
}

twill::task<> worker_pool::answered(answer whole) { co_await settle_one(std::move(whole), false); }

}  // namespace twill_command
