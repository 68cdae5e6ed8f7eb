#include <twill/runtime/detail/work_meter.hpp>

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

#include "compute_core.hpp"

namespace twill::inline TWILL_ABI {
namespace detail {
namespace {

// What it costs that a branch is given away: at the next beat, if not sooner, and there its taker
// begins. With it the model's figures come out (README.md, "Work and span").
constexpr std::int64_t burden = 100'000;

// Who loses the CPU loses it for longer; to ask takes ten times what reading the clock does.
constexpr std::int64_t ask_from = 20'000;

std::int64_t between(time_point from, time_point to) noexcept { return (to - from).count(); }

// The least that is seen between two readings, so that most of the work is not taken for it.
// Measured once, or by each of several threads at the same time: the figure is as good.
std::int64_t bias_of_clock() noexcept {
    static constinit atomic<std::int64_t> known{-1};
    if (const auto bias = known.load(std::memory_order_relaxed); bias >= 0) return bias;
    std::int64_t least = 1'000;
    for (int i = 0; i != 256; ++i) {
        const time_point before = now();
        least = std::min(least, between(before, now()));
    }
    known.store(least, std::memory_order_relaxed);
    return least;
}

}  // namespace

// ---- the clock and the path

work_meter::work_meter(clock reads) noexcept
    : now_(reads != nullptr ? reads : &now), bias_(reads != nullptr ? 0 : bias_of_clock()) {
    if (now_ == &now) static_cast<void>(not_on_cpu(now()));
}

void work_meter::go_on() noexcept {
    ++strands_;
    since_ = now_();
}

void work_meter::stop() noexcept {
    const time_point at = now_();
    std::int64_t took = std::max(std::int64_t{0}, between(since_, at) - bias_);
    if (took > ask_from && now_ == &now)
        took = std::clamp(took - not_on_cpu(at), std::int64_t{0}, took);
    work_ += took;
    path_.span += took;
    path_.burdened += took;
}

// Since it was last asked: in the strand that ends here, for in a short one there was no time.
std::int64_t work_meter::not_on_cpu(time_point at) noexcept {
    const duration before = std::exchange(on_cpu_, thread_time());
    return between(std::exchange(asked_at_, at), at) - (on_cpu_ - before).count();
}

void work_meter::follow(const work_path& before) noexcept {
    path_.span = std::max(path_.span, before.span);
    path_.burdened = std::max(path_.burdened, before.burdened);
}

void work_meter::join(const work_fork& begin, const work_path& longest) noexcept {
    const std::int64_t in_turn = begin.path.burdened + (work_ - begin.work);
    path_ = {longest.span, std::min(in_turn, longest.burdened)};
}

void work_meter::add(const work_span& part, std::uint64_t strands) noexcept {
    work_ += part.work.count();
    path_.span += part.span.count();
    path_.burdened += part.burdened_span.count();
    strands_ += strands;
}

work_span work_meter::seen() const noexcept {
    return {duration(work_), duration(path_.span), duration(path_.burdened)};
}

// ---- forks

void compute_worker::beat_measured() {
    meter_->stop();
    struct going_on {
        work_meter& meter;
        ~going_on() { meter.go_on(); }
    } const last{*meter_};
    obey_stop_request();
    // A fork that was pushed a moment ago, or a scope with a call more than before; or what has
    // nothing to give, when the beat is that of something else.
    fork_entry* const entry = youngest_;
    if (entry->promote == nullptr) return;
    const promotion given = entry->promote(*entry);
    if (given.exhausted) unlink(*entry);
    if (given.job != nullptr) ::new (&given.job->begun) work_fork(meter_->fork());
}

// Its owner has come to the end of the branch beside it.
void compute_worker::run_measured(fork_job& job) noexcept {
    meter_->stop();
    const work_fork begun = job.begun;
    work_path longest = meter_->path();
    meter_->go_to(begun.path);
    meter_->go_on();
    job.execute(job, *this);
    meter_->stop();
    const work_path& ended = meter_->path();
    longest.span = std::max(longest.span, ended.span);
    longest.burdened = std::max(longest.burdened, ended.burdened + burden);
    meter_->join(begun, longest);
    meter_->go_on();
}

// ---- branches beside each other

measured_branches::measured_branches(compute_context& here) noexcept
    : here_(here), meter_(*here.meter()) {
    meter_.stop();
    begin_ = meter_.fork();
    longest_ = begin_.path;
    meter_.go_on();
}

// They are given away by halves: after each round a core has half as much to do, until single
// branches are left. It goes on for as many rounds as pay.
measured_branches::~measured_branches() {
    if (inside_) static_cast<void>(end());
    meter_.stop();
    const std::int64_t longest = longest_.burdened - begin_.path.burdened;
    std::int64_t share = meter_.work() - begin_.work;
    std::int64_t least = share;
    std::int64_t given = 0;
    for (std::uint64_t pieces = 1; pieces < branches_; pieces *= 2) {
        const bool single = 2 * pieces >= branches_;
        share = single ? longest : std::max(longest, share / 2);
        given += burden;
        least = std::min(least, given + share);
    }
    longest_.burdened = begin_.path.burdened + least;
    meter_.join(begin_, longest_);
    meter_.go_on();
}

void measured_branches::begin() {
    meter_.stop();
    meter_.go_to(begin_.path);
    branch_work_ = meter_.work();
    inside_ = true;
    ++branches_;
    meter_.go_on();
    static_cast<compute_worker&>(here_).obey_stop_request();
}

duration measured_branches::end() noexcept {
    meter_.stop();
    longest_.span = std::max(longest_.span, meter_.path().span);
    longest_.burdened = std::max(longest_.burdened, meter_.path().burdened);
    inside_ = false;
    const duration took(meter_.work() - branch_work_);
    meter_.go_on();
    return took;
}

void measured_branches::follow(const work_path& before) noexcept {
    meter_.stop();
    meter_.follow(before);
    meter_.go_on();
}

work_path measured_branches::reached() noexcept {
    meter_.stop();
    const work_path here = inside_ ? meter_.path() : begin_.path;
    meter_.go_on();
    return here;
}

// ---- a whole

measured_part::measured_part(compute_context& here, work_meter::clock reads) noexcept
    : here_(here), meter_(reads), around_(here.meter()) {
    if (around_ != nullptr) around_->stop();
    static_cast<compute_worker&>(here).begin_measured(meter_, place_);
    meter_.go_on();
}

measured_part::~measured_part() {
    meter_.stop();
    static_cast<compute_worker&>(here_).end_measured(around_, place_);
    if (around_ == nullptr) return;
    around_->add(meter_.seen(), meter_.strands());
    around_->go_on();
}

work_span measured_part::seen() noexcept {
    meter_.stop();
    const work_span result = meter_.seen();
    meter_.go_on();
    return result;
}

// Forks from before are out of a beat's sight, behind the marker.
void compute_worker::begin_measured(work_meter& meter, fork_marker& place) noexcept {
    push_marker(place, place_->job, place_->stop);
    place.depth = place.enclosing->depth;
    meter_ = &meter;
    gives_way_ = true;
    poke_.store(poked_by_start, std::memory_order_relaxed);
}

// What others asked for meanwhile is looked for at the next beat.
void compute_worker::end_measured(work_meter* around, fork_marker& place) noexcept {
    pop_marker(place);
    meter_ = around;
    if (around != nullptr) return;
    gives_way_ = false;
    see_whether_io_is_served();
    poke();
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
