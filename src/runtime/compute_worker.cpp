#include <twill/core/cancelled.hpp>
#include <twill/core/event.hpp>
#include <twill/runtime/blocked_section.hpp>

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include "compute_core.hpp"

namespace twill::inline TWILL_ABI {
namespace detail {
namespace {

compute_worker& worker_of(compute_context& context) noexcept {
    return static_cast<compute_worker&>(context);
}

// A job that took its taker no longer than this was not worth taking: with the wake-up it cost both
// sides more.
constexpr duration trifle = std::chrono::microseconds(20);
// After k trifles in a row a worker lets 2^k - 1 beats pass before it gives anything again.
constexpr std::uint32_t most_trifles = 4;

}  // namespace

compute_context::compute_context(unsigned workers) noexcept
    : youngest_(&root_),
      place_(&root_),
      few_(std::size_t{16} * workers),
      root_{{nullptr, nullptr, nullptr}, nullptr, nullptr, nullptr, 0} {}

void compute_context::beat() {
    auto& self = worker_of(*this);
    self.end_if_forked();
    if (meter_ != nullptr) return self.beat_measured();
    const std::uint32_t poke = self.take_poke();
    const bool first_fork = std::exchange(self.first_fork_, false);
    self.obey_stop_request();
    self.see_whether_io_is_served();
    if (self.gives_way()) self.glance();
    // Who is hungry looks around anyway.
    if (poke != poked_by_tick) return self.offer_oldest(std::memory_order_release);
    if (self.core_.most_urgent() > self.urgency()) self.core_.step_aside(self);
    // Of urgent work the first fork calls somebody in any case.
    const bool urgent_start = first_fork && self.urgency() == priority::interactive;
    if (!self.has_more_than_trifles() && !urgent_start) {
        // The tick may have come over the poke of the start, and there may be no further beat.
        if (first_fork) self.offer_oldest(std::memory_order_release);
        return;
    }
    self.offer_oldest(std::memory_order_seq_cst);
    self.core_.invite(self);
}

bool compute_context::reclaim(fork_job& job) noexcept {
    auto& self = worker_of(*this);
    if (meter_ != nullptr) {
        self.run_measured(job);
        return false;
    }
    if (self.offer_.take_back(job)) return true;
    self.wait_for(job);
    return false;
}

bool compute_context::withdraw(fork_job& job) noexcept { return meter_ != nullptr || reclaim(job); }

void compute_context::push_shield(fork_marker& place) noexcept {
    worker_of(*this).push_marker(place, place_->job, nullptr);
    place.depth = place.enclosing->depth;
}

void compute_context::pop_shield(fork_marker& place) noexcept {
    auto& self = worker_of(*this);
    self.pop_marker(place);
    // A stop request pokes once, and a beat inside took that poke without being allowed to obey.
    if (place_->stop != nullptr && place_->stop->stop_requested()) self.poke();
}

compute_worker::compute_worker(compute_core& core, unsigned number, bool guest) noexcept
    : compute_context(core.workers()),
      core_(core),
      number_(number),
      guest_(guest),
      io_(core.io()),
      starvation_(core.starved_after()) {}

void compute_worker::push_marker(fork_marker& place, fork_job* job, region* stop) noexcept {
    place.promote = nullptr;
    place.enclosing = place_;
    place.job = job;
    place.stop = stop;
    place.depth = place_->depth + 1;
    push(place);
    place_ = &place;
}

void compute_worker::pop_marker(fork_marker& place) noexcept {
    youngest_ = place.older;
    place_ = place.enclosing;
}

// Where parallel calls are many and small, as in a serial loop around them, each beat would give
// away half of one of them.
bool compute_worker::has_more_than_trifles() noexcept {
    const std::uint32_t trifles = trifles_.load(std::memory_order_relaxed);
    if (beats_let_pass_ + 1 < 1U << trifles) {
        ++beats_let_pass_;
        return false;
    }
    beats_let_pass_ = 0;
    return true;
}

std::uint32_t compute_worker::take_poke() noexcept {
    const std::uint32_t poke = poke_.load(std::memory_order_relaxed);
    poke_.store(not_poked, std::memory_order_relaxed);
    if (poke == poked_by_tick) cold_ = false;
    return poke;
}

void compute_worker::obey_stop_request() const {
    if (place_->stop == nullptr || !place_->stop->stop_requested()) return;
    // In a destructor that runs because of another exception a throw would end the program.
    if (std::uncaught_exceptions() > 0) return;
    throw cancelled();
}

void compute_worker::unlink(fork_entry& entry) noexcept {
    if (youngest_ == &entry) {
        youngest_ = entry.older;
    } else {
        entry.older->younger = entry.younger;
        entry.younger->older = entry.older;
    }
    entry.older = nullptr;
}

void compute_worker::offer_oldest(std::memory_order order) noexcept {
    if (!offer_.empty()) return;
    const fork_marker* place = &root_;
    for (fork_entry* last = &root_; last != youngest_;) {
        fork_entry* const entry = last->younger;
        if (entry->promote == nullptr) {
            place = static_cast<fork_marker*>(entry);
            last = entry;
            continue;
        }
        const promotion given = entry->promote(*entry);
        if (given.exhausted)
            unlink(*entry);
        else
            last = entry;
        if (given.job != nullptr) return share(*given.job, *place, order);
    }
}

void compute_worker::share(fork_job& job, const fork_marker& place,
                           std::memory_order order) noexcept {
    // A fork made while an exception is on its way must not answer it with `cancelled`.
    region* const stop =
        place.stop != nullptr && std::uncaught_exceptions() > 0 ? nullptr : place.stop;
    ::new (&job.shared) fork_job::shared_state{
        fork_job::pending, 0, this, place.job, stop, static_cast<std::uint8_t>(urgency()),
        nullptr,           0};
    note(event_kind::promote, &job);
    promotions_.add();
    offer_.publish(job, place.depth, order);
}

void compute_worker::run(region& work, region::execute_function execute,
                         const region_label& label) noexcept {
    fork_marker place;
    push_marker(place, nullptr, &work);
    begin_sharing();
    // Somebody waits for it: whatever it forks first, a long loop too, is offered at once, and
    // somebody called for it.
    if (urgency() == priority::interactive) poke();
    if (profile_is_wanted()) begin_row(label);
    execute(work, *this);
    end_row();
    pop_marker(place);
}

void compute_worker::run(fork_job& job) noexcept {
    note(event_kind::job_begin, &job);
    steals_.add();
    fork_marker place;
    push_marker(place, &job, job.shared.stop);
    job.shared.depth = place.depth;
    job.shared.executor.store(this, std::memory_order_release);
    // Who takes a job was without work a moment ago, and others may be: its first fork is offered
    // at once, and somebody called for it.
    first_fork_ = true;
    poke();
    const time_point begun = now();
    job.execute(job, *this);
    pop_marker(place);
    note(event_kind::job_end, &job);

    compute_worker* const owner = job.shared.owner;
    const std::uint32_t before = owner->trifles_.load(std::memory_order_relaxed);
    const duration took = now() - begun;
    may_look_ = std::min(may_look_ + took, longest_look);
    // Of those that a thread was woken for.
    const std::uint32_t after = took >= trifle ? 0
                                : fresh_       ? std::min(before + 1, most_trifles)
                                               : before;
    fresh_ = false;
    if (after != before) owner->trifles_.store(after, std::memory_order_relaxed);
    // See fork_job::phase. After this the job may be gone; the owner's worker never is.
    if (job.shared.phase.exchange(fork_job::ended, std::memory_order_acq_rel) == fork_job::awaited)
        owner->parker_.unpark();
}

// Leapfrogging (Wagner and Calder, 1993): what the runner of the awaited job has on offer, forked
// under that job, is what serial execution would run here. Anything else might want a lock that a
// frame below holds.
fork_job* compute_worker::part_of(const fork_job& awaited) noexcept {
    compute_worker* const runner = awaited.shared.executor.load(std::memory_order_acquire);
    if (runner == nullptr || place_->depth >= compute_offer::max_depth) return nullptr;
    return runner->offer_.claim(awaited.shared.depth);
}

void compute_worker::wait_for(fork_job& job) noexcept {
    end_if_forked();
    for (int look = 0;;) {
        // Acquire pairs with the release in `run`: the result is there.
        if (job.shared.phase.load(std::memory_order_acquire) == fork_job::ended) return;
        if (fork_job* const part = part_of(job)) {
            note(event_kind::steal, part);
            run(*part);
            look = 0;
        } else if (++look < looks_before_sleep) {
            if (look == looks_before_asking)
                if (compute_worker* runner = job.shared.executor.load(std::memory_order_acquire))
                    runner->ask();
            pause_processor();
        } else if (fork_job* const other = core_.sleep(*this, job)) {
            run(*other);
            look = 0;
        }
    }
}

}  // namespace detail

blocked_section::blocked_section() noexcept : worker_(detail::worker_inside()) {
    if (worker_ != nullptr && worker_->blocked_++ == 0) worker_->core_.begin_block(*worker_);
}

blocked_section::~blocked_section() {
    if (worker_ != nullptr && --worker_->blocked_ == 0) worker_->core_.end_block(*worker_);
}

}  // namespace twill::inline TWILL_ABI
