// One run of a program under one schedule: decides who goes on, and records it.
//
// It intercepts nothing, starts no thread and switches none: its client does. The client keeps to
// one rule: one thread runs at a time, and each calls `next` before everything that another thread
// could notice.
//
//     run.announce(me, {.kind = op_kind::lock, .blocked = m.held, .object = m.number});
//     switch_to(run.next(me).thread);       // returns when `me` was chosen
//     m.held = true;                        // what was announced is done now, and is possible
//     run.acquire(me, m.released);          // happens-before
//
// Blocking: an operation that is announced as blocked is not chosen until `wake` (somebody
// unlocked) or until its deadline, in virtual time, has passed. Time passes when nobody else can
// run, or when the strategy says so. Who cannot run for ever is a deadlock.
//
// One thread at a time, as said; nothing here locks. It takes memory from its arena only.
#pragma once

#include "arena.hpp"
#include "operation.hpp"
#include "profile.hpp"
#include "schedule.hpp"
#include "strategy.hpp"
#include "thread_state.hpp"
#include "vector_clock.hpp"

namespace twill::inline TWILL_ABI::explore {

struct limits {
    std::uint64_t steps = 1'000'000;
    // Steps in a row of threads that all go round in vain, while nobody else can run: without that
    // time goes on; or while more than that time passes (a loop of sleeps may well have an end).
    std::uint64_t vain_steps = 2'000;
    virtual_time vain_time = 600'000'000'000;
    // Vain rounds after which a thread lets the others run.
    unsigned patience = 3;
    // Steps after which the earliest deadline passes though others could run for ever; a patient
    // one.
    std::uint64_t steps_before_deadline = 2'000;
    std::uint64_t steps_before_patient_deadline = 20'000;
};

struct decision {
    enum class what : std::uint8_t {
        run,
        finished,    // all threads have ended
        deadlock,    // nobody can run, ever
        livelock,    // those who can run go round in vain
        step_limit,  // perhaps the same, perhaps just a long program
        pruned,      // the strategy has explored whatever comes
    };
    what outcome;
    thread_id thread = no_thread;
    // The operation that `thread` announced was not woken: its deadline has passed.
    bool timed_out = false;
};

class execution {
public:
    // Begins a run. All of `memory` that was taken before must be done with, but for `known`.
    execution(arena& memory, strategy& decides, std::uint64_t seed, const limits& most,
              const profile& known) noexcept;
    execution(const execution&) = delete;
    execution& operator=(const execution&) = delete;

    // ---- threads

    // A new thread, whose first operation (`begin`) is announced already. `parent` is no_thread for
    // the first. What the parent did happens before it.
    thread_id spawn(thread_id parent) noexcept;
    // `thread` does nothing more. Who joins it is woken by the client.
    void exit(thread_id thread) noexcept;

    // What `thread` does when it is chosen next. A second call replaces the first.
    void announce(thread_id thread, const operation& what) noexcept;

    // Who goes on, with what it announced. `current` has just been running (or has ended).
    decision next(thread_id current) noexcept;

    // Afterwards, where it was not known before: an operation that was announced as writing has
    // changed nothing (a failed try_lock or compare-and-swap). Spin loops are recognised by it.
    void changed_nothing() noexcept { --writes_; }

    // ---- blocking

    // `thread` can go on with what it announced.
    void wake(thread_id thread) noexcept;
    // All that are blocked on `object`; how many.
    unsigned wake_all(object_id object) noexcept;
    // Somebody has taken `object`: all who announced to lock it are blocked until the next
    // wake_all.
    void block_all(object_id object) noexcept;
    // One of them, a free choice of `by`, or no_thread.
    thread_id wake_one(object_id object, thread_id by) noexcept;

    // ---- free choices

    // Which of `options` possible outcomes what `thread` does has; 0 is the plain one. `unlikely`:
    // see outcome_choice.
    std::uint32_t pick(thread_id thread, std::uint32_t options, bool unlikely = false) noexcept;

    // ---- virtual time

    [[nodiscard]] virtual_time now() const noexcept { return now_; }
    // Deadlines in between pass.
    void advance(virtual_time by) noexcept;

    // ---- happens-before

    [[nodiscard]] const vector_clock& past_of(thread_id thread) const noexcept {
        return threads_[thread].past;
    }
    // The event that `thread` is in.
    [[nodiscard]] epoch epoch_of(thread_id thread) const noexcept {
        return {thread, threads_[thread].past.at(thread)};
    }
    // Adds the past of `thread` to `object`, and begins a new event.
    void release(thread_id thread, vector_clock& object) noexcept;
    void acquire(thread_id thread, const vector_clock& object) noexcept;

    // ---- what happened

    [[nodiscard]] std::uint32_t thread_count() const noexcept {
        return static_cast<std::uint32_t>(threads_.size());
    }
    [[nodiscard]] const thread_state& thread(thread_id which) const noexcept {
        return threads_[which];
    }
    [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }
    // With its fingerprint so far.
    [[nodiscard]] const schedule& record() noexcept;
    // The same for runs that differ only in the order of steps that do not conflict.
    [[nodiscard]] std::uint64_t interleaving() const noexcept { return interleaving_; }
    // Adds this run to what is known.
    void learn(profile& known) const noexcept;

    [[nodiscard]] arena& memory() noexcept { return memory_; }

private:
    [[nodiscard]] bool spins(const thread_state& of) const noexcept;
    void refresh(bool with_spinners) noexcept;
    bool expire_next() noexcept;
    bool is_overdue() const noexcept;
    bool is_in_vain() noexcept;
    [[nodiscard]] decision::what nobody_is_left() const noexcept;
    void carry_out(thread_id thread, thread_state& of) noexcept;

    arena& memory_;
    strategy& strategy_;
    limits limits_;
    row<thread_state> threads_;
    row<thread_id> enabled_;
    row<thread_id> timed_;
    row<thread_id> patient_;       // timed, too
    row<std::uint32_t> versions_;  // how often each object was written
    schedule record_;
    std::uint64_t steps_ = 0;
    // Since somebody could run who does not go round in vain: steps, and those of them since time
    // went on; when that began, and what it was at the last.
    std::uint64_t vain_ = 0;
    std::uint64_t vain_at_once_ = 0;
    virtual_time vain_since_ = 0;
    virtual_time vain_now_ = 0;
    std::uint64_t writes_ = 0;  // of all threads; a thread that comes or goes counts as one
    std::uint64_t writes_at_refresh_ = 0;
    std::uint64_t fingerprint_;
    std::uint64_t interleaving_ = 0;
    virtual_time now_ = 0;
    // A bit for each place, and each place with an object, by their hashes.
    static constexpr std::uint32_t place_bits = 1024;
    std::uint64_t places_[place_bits / 64] = {};
    std::uint64_t places_and_objects_[place_bits / 64] = {};
    std::uint64_t advanced_at_ =
        0;                   // the step at which time went on, or somebody began to wait for it
    bool stale_ = true;      // enabled_ and timed_ have to be made anew
    bool spinners_ = false;  // they lack somebody who goes round in vain
};

}  // namespace twill::inline TWILL_ABI::explore
