#include "execution.hpp"

#include <bit>

namespace twill::inline TWILL_ABI::explore {
namespace {

// The finaliser of splitmix64.
constexpr std::uint64_t mixed(std::uint64_t z) noexcept {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}
constexpr std::uint64_t mixed(std::uint64_t before, std::uint64_t with) noexcept {
    return mixed(mixed(before + 0x9e3779b97f4a7c15U) ^ with);
}

// Objects beyond it share a count of versions: two of them then pass for one.
constexpr std::size_t versions_kept = std::size_t{1} << 16;

}  // namespace

execution::execution(arena& memory, strategy& decides, std::uint64_t seed, const limits& most,
                     const profile& known) noexcept
    : memory_(memory),
      strategy_(decides),
      limits_(most),
      threads_(memory),
      enabled_(memory),
      timed_(memory),
      patient_(memory),
      versions_(memory),
      record_(memory),
      fingerprint_(mixed(1)) {
    strategy_.begin_run(memory, seed, known);
}

thread_id execution::spawn(thread_id parent) noexcept {
    const thread_id child = thread_count();
    thread_state& made = threads_.push_back({});
    made.next = {.kind = op_kind::begin, .writes = false};
    made.parent = parent;
    if (parent != no_thread) {
        made.past.assign(memory_, threads_[parent].past);
        made.started_at = threads_[parent].steps;
        vector_clock& past = threads_[parent].past;
        past.set(memory_, parent, past.at(parent) + 1);
    }
    made.past.set(memory_, child, 1);
    // Something has changed: those who went round in vain may have waited for it.
    ++writes_;
    stale_ = true;
    strategy_.spawned(child, parent);
    return child;
}

void execution::exit(thread_id thread) noexcept {
    threads_[thread].now = thread_state::stage::ended;
    ++writes_;
    stale_ = true;
}

void execution::announce(thread_id thread, const operation& what) noexcept {
    thread_state& of = threads_[thread];
    of.next = what;
    of.expired = false;
    of.loop.arrive(what, writes_);
    if (what.blocked) {
        of.blocked_since = steps_;
        if (what.deadline != no_deadline && timed_.empty() && patient_.empty())
            advanced_at_ = steps_;
        if (what.deadline <= now_) of.expired = true;
        stale_ = true;
    }
    if (spins(of)) stale_ = true;
}

void execution::wake(thread_id thread) noexcept {
    threads_[thread].next.blocked = false;
    stale_ = true;
}

unsigned execution::wake_all(object_id object) noexcept {
    unsigned woken = 0;
    for (thread_state& each : threads_)
        if (each.waits_on(object)) {
            each.next.blocked = false;
            ++woken;
        }
    stale_ = true;
    return woken;
}

void execution::block_all(object_id object) noexcept {
    for (thread_state& each : threads_)
        if (each.now == thread_state::stage::alive && !each.next.blocked &&
            each.next.kind == op_kind::lock && each.next.object == object) {
            each.next.blocked = true;
            stale_ = true;
        }
}

thread_id execution::wake_one(object_id object, thread_id by) noexcept {
    std::uint32_t waiting = 0;
    for (const thread_state& each : threads_) waiting += each.waits_on(object) ? 1U : 0U;
    if (waiting == 0) return no_thread;
    // Option n is the one that has waited longest but n: wake-ups need not be fair, but often are.
    std::uint32_t passed = waiting == 1 ? 0 : pick(by, waiting);
    thread_id chosen = no_thread;
    std::uint64_t after = 0;
    for (std::uint32_t round = 0; round <= passed; ++round) {
        std::uint64_t earliest = ~std::uint64_t{0};
        for (thread_id t = 0; t != thread_count(); ++t) {
            if (!threads_[t].waits_on(object)) continue;
            // Unique, since each step is one thread's.
            const std::uint64_t since = threads_[t].blocked_since * versions_kept + t + 1;
            if (since > after && since < earliest) {
                earliest = since;
                chosen = t;
            }
        }
        after = earliest;
    }
    wake(chosen);
    return chosen;
}

std::uint32_t execution::pick(thread_id thread, std::uint32_t options, bool unlikely) noexcept {
    thread_state& of = threads_[thread];
    const std::uint32_t index = of.choices++;
    if (options < 2) return 0;
    const std::uint32_t option = strategy_.pick({thread, index, options, unlikely});
    if (option != 0) record_.values.push_back({thread, index, option});
    fingerprint_ = mixed(fingerprint_, (std::uint64_t{thread} << 32) | option);
    interleaving_ += mixed(mixed(thread, index), option);
    return option;
}

void execution::advance(virtual_time by) noexcept {
    now_ += by;
    advanced_at_ = steps_;
    for (thread_state& each : threads_)
        if (each.waits_for_time() && each.next.deadline <= now_) each.expired = true;
    stale_ = true;
}

bool execution::spins(const thread_state& of) const noexcept {
    return of.loop.rounds(writes_) >= limits_.patience;
}

// Those who go round in vain are left out, but for the case that there is nobody else.
void execution::refresh(bool with_spinners) noexcept {
    enabled_.clear();
    timed_.clear();
    patient_.clear();
    spinners_ = false;
    for (thread_id t = 0; t != thread_count(); ++t) {
        const thread_state& of = threads_[t];
        const bool can = of.enabled();
        if (!can && !of.waits_for_time()) continue;
        if (spins(of)) {
            spinners_ = true;
            if (!with_spinners) continue;
        }
        (can ? enabled_ : of.next.patient ? patient_ : timed_).push_back(t);
    }
    stale_ = false;
    writes_at_refresh_ = writes_;
}

// Lets the earliest deadline pass.
bool execution::expire_next() noexcept {
    virtual_time earliest = no_deadline;
    for (const row<thread_id>* const those : {&timed_, &patient_})
        for (const thread_id t : *those)
            if (threads_[t].next.deadline < earliest) earliest = threads_[t].next.deadline;
    if (earliest == no_deadline) return false;
    advance(earliest - now_);
    return true;
}

// Whether the others have had all the time that one could ask for. A loop that goes on until
// another thread has slept would never end otherwise.
bool execution::is_overdue() const noexcept {
    const std::uint64_t waited = steps_ - advanced_at_;
    return (waited > limits_.steps_before_deadline && !timed_.empty()) ||
           (waited > limits_.steps_before_patient_deadline && !patient_.empty());
}

// Another step of somebody who goes round in vain: whether that is enough.
bool execution::is_in_vain() noexcept {
    if (vain_ == 0) vain_since_ = now_;
    if (vain_ == 0 || now_ != vain_now_) vain_at_once_ = 0;
    vain_now_ = now_;
    ++vain_;
    ++vain_at_once_;
    return vain_at_once_ > limits_.vain_steps ||
           (vain_ > limits_.vain_steps && now_ - vain_since_ > limits_.vain_time);
}

decision execution::next(thread_id current) noexcept {
    if (steps_ >= limits_.steps) return {decision::what::step_limit};
    if (stale_ || (spinners_ && writes_ != writes_at_refresh_)) refresh(false);
    if ((enabled_.empty() || is_overdue()) && expire_next()) refresh(false);
    if (!enabled_.empty()) {
        vain_ = 0;
    } else {
        refresh(true);
        if (enabled_.empty() && expire_next()) refresh(true);
        stale_ = true;
        if (enabled_.empty()) return {nobody_is_left()};
        if (is_in_vain()) return {decision::what::livelock};
    }

    const bool could_go_on = current != no_thread && threads_[current].enabled();
    const choice at{.enabled = enabled_.begin(),
                    .count = static_cast<std::uint32_t>(enabled_.size()),
                    .timed = timed_.begin(),
                    .timed_count = static_cast<std::uint32_t>(timed_.size()),
                    .current = current,
                    .preempts = could_go_on && threads_[current].next.kind != op_kind::yield &&
                                !spins(threads_[current]),
                    .threads = threads_.begin(),
                    .thread_count = thread_count(),
                    .step = steps_};
    const thread_id chosen = strategy_.choose(at);
    if (chosen == no_thread) return {decision::what::pruned};
    thread_state& goes = threads_[chosen];
    if (!goes.enabled()) advance(goes.next.deadline - now_);
    const decision result{decision::what::run, chosen, goes.next.blocked};
    if (at.preempts && chosen != current) {
        ++record_.preemptions;
        record_.stretches.back().preempted = true;
    }
    carry_out(chosen, goes);
    return result;
}

decision::what execution::nobody_is_left() const noexcept {
    for (const thread_state& each : threads_)
        if (each.now == thread_state::stage::alive) return decision::what::deadlock;
    return decision::what::finished;
}

void execution::carry_out(thread_id thread, thread_state& of) noexcept {
    ++steps_;
    ++of.steps;
    record_.add_step(thread, of.steps);
    const operation& what = of.next;
    if (what.blocked) stale_ = true;
    if (what.writes) ++writes_;
    fingerprint_ = mixed(fingerprint_, (std::uint64_t{thread} << 40) ^
                                           (std::uint64_t(what.kind) << 32) ^ what.object);
    std::uint64_t version = 0;
    if (what.object != 0) {
        const std::size_t slot = what.object % versions_kept;
        if (slot >= versions_.size()) versions_.resize(slot + 1);
        version = versions_[slot];
        if (what.writes) ++versions_[slot];
    }
    interleaving_ += mixed(mixed(thread, of.steps), mixed(what.object, version));
    const auto note = [&](std::uint64_t(&bits)[place_bits / 64], bool with_object) {
        const std::uint64_t bit = place_key(what, with_object) % place_bits;
        bits[bit / 64] |= std::uint64_t{1} << (bit % 64);
    };
    note(places_, false);
    note(places_and_objects_, true);
}

void execution::release(thread_id thread, vector_clock& object) noexcept {
    vector_clock& past = threads_[thread].past;
    object.join(memory_, past);
    past.set(memory_, thread, past.at(thread) + 1);
}

void execution::acquire(thread_id thread, const vector_clock& object) noexcept {
    threads_[thread].past.join(memory_, object);
}

const schedule& execution::record() noexcept {
    record_.fingerprint = fingerprint_;
    return record_;
}

void execution::learn(profile& known) const noexcept {
    ++known.runs;
    if (known.steps < steps_) known.steps = steps_;
    if (known.threads < thread_count()) known.threads = thread_count();
    known.places = known.places_and_objects = 0;
    for (const std::uint64_t each : places_)
        known.places += static_cast<std::uint32_t>(std::popcount(each));
    for (const std::uint64_t each : places_and_objects_)
        known.places_and_objects += static_cast<std::uint32_t>(std::popcount(each));
    for (std::uint32_t& each : known.steps_of) each = 0;
    for (thread_id t = 0; t != thread_count(); ++t) {
        const std::uint32_t i = profile::index(t);
        known.steps_of[i] += threads_[t].steps;
        known.parent_of[i] = threads_[t].parent;
        known.started_at[i] = threads_[t].started_at;
    }
}

}  // namespace twill::inline TWILL_ABI::explore
