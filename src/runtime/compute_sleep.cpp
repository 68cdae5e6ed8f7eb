// Who sleeps in a compute pool, and who wakes whom. The argument why nobody sleeps beside work is
// in README.md, "Sleeping".
#include <twill/core/event.hpp>

#include <mutex>
#include <utility>

#include "compute_core.hpp"

namespace twill::inline TWILL_ABI {
namespace detail {
namespace {

// How many of those who work a thread without work asks for some.
constexpr unsigned most_asked = 8;
// What a question costs those who are asked.
constexpr duration question = std::chrono::microseconds(2);

}  // namespace

// ---- cores

unsigned compute_core::on_core(help_for what) const noexcept {
    const unsigned own = running_.load(std::memory_order_seq_cst);
    // A region must not wait for guests, who may never come to an end: only jobs, which their
    // owners can run themselves, do.
    return what == help_for::region ? own : own + guests_on_core();
}

void compute_core::give_up_core(compute_worker& self) noexcept {
    // Not if it was starved, and written off.
    if (std::exchange(self.has_core_, false)) running_.fetch_sub(1, std::memory_order_seq_cst);
}

void compute_core::take_core(compute_worker& self) noexcept {
    if (self.guest_ || std::exchange(self.has_core_, true)) return;
    running_.fetch_add(1, std::memory_order_seq_cst);
}

// ---- waking

// The one of the right weight that fell asleep last.
compute_worker* compute_core::fitting_idle() const noexcept {
    compute_worker* worker = last_idle_;
    while (worker != nullptr && !fits(*worker)) worker = worker->idle_before_;
    return worker;
}

// If a core is free, wakes the thread that fell asleep last (in `sleeper`, to be unparked without
// the lock), or starts one. False if nobody comes. A region gets a thread of the wrong weight if
// there is no other; a job's owner can run it itself.
bool compute_core::call_up(help_for what, bool may_start, compute_worker*& sleeper) noexcept {
    if (on_core(what) >= cores()) return false;
    sleeper = fitting_idle();
    compute_worker* called = sleeper;
    if (called == nullptr && may_start) called = start_thread();
    if (called == nullptr && what == help_for::region) called = sleeper = last_idle_;
    if (called == nullptr) return false;
    if (sleeper != nullptr) {
        unlink_idle(*sleeper);
        take_core(*sleeper);
    }
    if (what == help_for::region) {
        called->summoned_ = true;
        ++summoned_;
    }
    return true;
}

// Whether `self` was called for a region since it last came. Under the lock.
bool compute_core::has_come(compute_worker& self) noexcept {
    if (!self.summoned_) return false;
    self.summoned_ = false;
    --summoned_;
    return true;
}

bool compute_core::wake_one(help_for what, bool may_start) noexcept {
    compute_worker* sleeper = nullptr;
    {
        std::lock_guard hold(lock_);
        // Threads that were called already are on their way to the queue: without this, one for
        // which the ticker had called a moment ago, beyond the cores, would get two.
        if (what == help_for::region && queued_.load(std::memory_order_relaxed) <= summoned_)
            return false;
        if (!call_up(what, may_start, sleeper)) return false;
    }
    if (sleeper != nullptr) sleeper->parker_.unpark();
    return true;
}

void compute_core::invite(compute_worker& from) noexcept {
    // Seq_cst after the seq_cst publication, against `idle` and `sleep`, which first give up their
    // core and then look at the offers: one of the two sees the other. A guest gives up its own
    // under the lock: who takes that later than it sees that, and who took it earlier has published
    // before the guest looks.
    if (from.offer_.empty()) return;
    if (running_.load(std::memory_order_seq_cst) >= cores()) {
        // Who computes for less need not wait for a tick to see that there is work above it.
        make_room_for(from.urgency());
        return;
    }
    compute_worker* sleeper = nullptr;
    {
        std::lock_guard hold(lock_);
        if (on_core(help_for::job) >= cores()) return;
        sleeper = call_waiter(from);
        // Starting a thread takes too long for a beat: the ticker does it, if nobody comes.
        if (sleeper == nullptr) call_up(help_for::job, false, sleeper);
    }
    if (sleeper != nullptr) sleeper->parker_.unpark();
}

// Somebody who sleeps until an ancestor of the offered job has ended may run it, and is the best
// choice: it needs no further thread. The ancestors cannot end before the job has, and the job's
// frame stays because `from`, its owner, is here: so all of them can be read, even if the job
// itself was taken a moment ago.
compute_worker* compute_core::call_waiter(compute_worker& from) noexcept {
    const compute_offer::word what = from.offer_.look();
    if (!compute_offer::full(what)) return nullptr;
    for (fork_job* job = from.offer_.last()->shared.parent; job != nullptr;
         job = job->shared.parent) {
        compute_worker* const owner = job->shared.owner;
        if (owner->awaited_ != job || owner->help_whom_ != nullptr) continue;
        owner->help_whom_ = &from;
        owner->help_what_ = what;
        take_core(*owner);
        return owner;
    }
    return nullptr;
}

void compute_core::wake_for_what_waits(const compute_worker& self) noexcept {
    if (queued_.load(std::memory_order_seq_cst) != 0) {
        // A thread inherits the weight of the one that starts it: one of low weight leaves that to
        // the ticker, which is armed as by work (see ticker::state_).
        if (wake_one(help_for::region, !self.low_)) return;
        if (self.low_) {
            start_wanted_.store(1, std::memory_order_seq_cst);
            ticker::process().arm(start_wanted_);
        }
    }
    if (anything_on_offer()) wake_one(help_for::job, false);
}

// ---- sleeping between jobs

fork_job* compute_core::steal(const compute_worker& thief) noexcept {
    if (on_core(help_for::job) > cores() || !fits(thief)) return nullptr;
    // The most urgent work first; who works for what is looked at only when there are several
    // kinds.
    const priority most = most_urgent();
    if (most != priority::background)
        if (fork_job* const job = steal_from_all(thief, most)) return job;
    return steal_from_all(thief, priority::background);
}

fork_job* compute_core::steal_from_all(const compute_worker& thief, priority least) noexcept {
    const auto try_all = [&](compute_worker* from, const compute_worker* to) -> fork_job* {
        for (auto* w = from; w != to; w = w->next_) {
            if (w->urgency() < least) continue;
            if (fork_job* const job = w->offer_.claim(0)) {
                note(event_kind::steal, job, "", w->number_);
                return job;
            }
        }
        return nullptr;
    };
    // Each thief begins at another victim: its neighbour in the list, which is a ring to it.
    if (fork_job* const job = try_all(thief.next_, nullptr)) return job;
    return try_all(first_worker_.load(std::memory_order_acquire), &thief);
}

bool compute_core::anything_on_offer() const noexcept {
    for (auto* w = first_worker_.load(std::memory_order_acquire); w != nullptr; w = w->next_)
        if (compute_offer::full(w->offer_.look())) return true;
    return false;
}

void compute_core::link_idle(compute_worker& worker) noexcept {
    worker.idle_ = true;
    worker.idle_before_ = last_idle_;
    worker.idle_behind_ = nullptr;
    if (last_idle_ != nullptr) last_idle_->idle_behind_ = &worker;
    last_idle_ = &worker;
}

void compute_core::unlink_idle(compute_worker& worker) noexcept {
    worker.idle_ = false;
    (worker.idle_behind_ != nullptr ? worker.idle_behind_->idle_before_ : last_idle_) =
        worker.idle_before_;
    if (worker.idle_before_ != nullptr) worker.idle_before_->idle_behind_ = worker.idle_behind_;
}

// A thread that has run out of work asks those who have some to look whether they can give any, and
// looks for a moment whether they do: going to sleep and being woken would take longer. It may look
// for as long as it has worked, up to a bound, and pays for the question in the same coin: so it
// goes on while what it is given is more than a trifle on average, as in an unbalanced tree, where
// most branches are small and some are not. True: there is something.
bool compute_core::ask_for_work(compute_worker& self) noexcept {
    if (self.may_look_ < 2 * question) return false;
    const time_point since = now();
    unsigned asked = 0;
    for (auto* w = first_worker_.load(std::memory_order_acquire); w != nullptr; w = w->next_) {
        if ((w->activity_.load(std::memory_order_relaxed) & 1) == 0 || w == &self) continue;
        w->ask();
        if (++asked == most_asked) break;
    }
    if (asked == 0) return false;
    const duration most = self.may_look_;
    for (;;) {
        for (int i = 0; i != 8; ++i) pause_processor();
        const bool found = anything_on_offer() || queued_.load(std::memory_order_relaxed) != 0;
        const duration looked = now() - since;
        if (!found && looked < most) continue;
        self.may_look_ = most - looked - question;
        return found;
    }
}

bool compute_core::idle(compute_worker& self) noexcept {
    self.end_if_forked();
    if (fits(self) && ask_for_work(self)) return true;
    bool fitting = true;
    {
        std::lock_guard hold(lock_);
        has_come(self);
        if (stopping_) return false;
        fitting = fits(self);
        if (fitting && first_in_queue() != nullptr && on_core(help_for::region) <= cores())
            return true;
        link_idle(self);
        give_up_core(self);
    }
    self.pause_on_core();
    // What it leaves to others, they have to be told of.
    if (!fitting) wake_for_what_waits(self);
    // The second look: see `invite`. In vain if the cores are taken meanwhile.
    if (fitting && anything_on_offer() && on_core(help_for::job) < cores()) {
        rejoin(self);
    } else {
        note(event_kind::park, &self);
        self.parks_.add();
        do self.parker_.park();
        while (still_idle(self));
        note(event_kind::unpark, &self);
    }
    self.go_on_on_core();
    self.fresh_ = true;
    self.may_look_ = longest_look;
    return true;
}

void compute_core::rejoin(compute_worker& self) noexcept {
    std::lock_guard hold(lock_);
    if (!self.idle_) return;  // woken meanwhile, and a core was taken for it
    unlink_idle(self);
    take_core(self);
}

bool compute_core::still_idle(const compute_worker& self) noexcept {
    std::lock_guard hold(lock_);
    return self.idle_ && !stopping_;
}

// ---- sleeping in mid-frame

fork_job* compute_core::sleep(compute_worker& self, fork_job& job) noexcept {
    // Nobody can ask a sleeper for its oldest entry.
    self.offer_oldest(std::memory_order_seq_cst);
    {
        std::lock_guard hold(lock_);
        // At the greatest depth that an offer can tell it must not be given further jobs.
        if (self.place_->depth < compute_offer::max_depth) self.awaited_ = &job;
        give_up_core(self);
        self.pause_on_core();  // under the lock: a guest is counted by this alone, see `invite`
    }

    fork_job* part = nullptr;
    std::uint32_t phase = fork_job::pending;
    if (job.shared.phase.compare_exchange_strong(phase, fork_job::awaited,
                                                 std::memory_order_seq_cst)) {
        part = self.part_of(job);  // the second look: see `invite`
        if (part == nullptr) {
            wake_for_what_waits(self);
            note(event_kind::park, &self);
            do self.parker_.park();
            while (still_asleep(self, job));
            note(event_kind::unpark, &self);
        }
        // Fails if the job has ended; then there is no call for help either.
        phase = fork_job::awaited;
        job.shared.phase.compare_exchange_strong(phase, fork_job::pending,
                                                 std::memory_order_acq_rel);
    }

    compute_worker* whom = nullptr;
    {
        std::lock_guard hold(lock_);
        self.awaited_ = nullptr;
        whom = std::exchange(self.help_whom_, nullptr);
        if (whom == nullptr) take_core(self);  // else whoever called did
    }
    self.go_on_on_core();
    make_room_if_beyond(self);
    if (part == nullptr && whom != nullptr) part = whom->offer_.claim_exactly(self.help_what_);
    if (part != nullptr) note(event_kind::steal, part);
    return part;
}

bool compute_core::still_asleep(const compute_worker& self, const fork_job& job) noexcept {
    // Acquire pairs with the release in compute_worker::run.
    if (job.shared.phase.load(std::memory_order_acquire) == fork_job::ended) return false;
    std::lock_guard hold(lock_);
    return self.help_whom_ == nullptr;
}

void compute_core::begin_block(compute_worker& self) noexcept {
    self.end_if_forked();
    if (self.meter() == nullptr) self.offer_oldest(std::memory_order_seq_cst);
    {
        std::lock_guard hold(lock_);
        give_up_core(self);
        self.pause_on_core();  // as in `sleep`
    }
    wake_for_what_waits(self);
    recall_for_free_core();
}

void compute_core::end_block(compute_worker& self) noexcept {
    self.end_if_forked();
    {
        std::lock_guard hold(lock_);
        take_core(self);
    }
    self.go_on_on_core();
    make_room_if_beyond(self);
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
