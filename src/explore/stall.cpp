#include "stall.hpp"

#include <algorithm>

namespace twill::inline TWILL_ABI::explore {
namespace {

constexpr std::uint32_t guessed_places = 16;
constexpr std::uint64_t guessed_steps = 256;
// A loop that waits for one who is held back may write, and so be no spin loop to the engine.
constexpr std::uint64_t most_steps = 2'000;

}  // namespace

void stall::begin_run(arena& memory, std::uint64_t seed, const profile& known) noexcept {
    seeded::begin_run(memory, seed, known);
    seen_ = row<sighting>(memory);
    seen_.resize(table);
    visitors_ = row<visitor>(memory);
    free_ = row<thread_id>(memory);
    by_object_ = dice_.below(2) == 0;
    for_long_ = dice_.below(2) == 0;
    keeps_going_ = dice_.below(2) == 0;
    constexpr std::uint32_t most = 3;
    wanted_ = 1 + dice_.below(most);
    const std::uint32_t places = by_object_ ? known.places_and_objects : known.places;
    places_ = places == 0 ? guessed_places : places;
    steps_ = known.steps == 0 ? guessed_steps : std::min(known.steps, most_steps);
    constexpr std::uint32_t some = 8, many = 64;
    yields_borne_ = dice_.below(2) == 0 ? some : many;
    yields_ = 0;
    in_a_row_ = 0;
}

void stall::spawned(thread_id child, thread_id /*parent*/) noexcept { visitors_.resize(child + 1); }

// Decided when somebody comes there first.
std::uint32_t stall::stalls_one_in(const operation& what) noexcept {
    const std::uint64_t key = place_key(what, by_object_) | 1;
    std::size_t at = key / 2 % table;
    for (std::size_t tried = 0; tried != table; ++tried, at = (at + 1) % table) {
        sighting& here = seen_[at];
        if (here.key == key) return here.stalls_one_in;
        if (here.key != 0) continue;
        // All who come there, or every other one or so: what one skips another does.
        const bool chosen = dice_.below(places_) < wanted_;
        here = {key, !chosen ? 0 : dice_.below(2) == 0 ? 1 : 2U << dice_.below(2)};
        return here.stalls_one_in;
    }
    return 0;
}

// Finds out who may go on, and who has just come to where it waits.
void stall::look_at(const choice& at) noexcept {
    free_.clear();
    for (std::uint32_t i = 0; i != at.count; ++i) {
        const thread_id thread = at.enabled[i];
        visitor& own = visitors_[thread];
        const auto steps = static_cast<std::uint32_t>(at.threads[thread].steps);
        if (own.arrived != steps) {
            own = {steps, 0};
            const std::uint32_t odds = stalls_one_in(at.threads[thread].next);
            if (odds != 0 && dice_.below(odds) == 0)
                own.until = at.step + (for_long_ ? most_steps : dice_.next() % steps_);
        }
        if (own.until <= at.step) free_.push_back(thread);
    }
}

thread_id stall::anybody(const choice& at) noexcept {
    // One that sleeps may be earlier than those who wait here.
    if (at.timed_count != 0 && dice_.below(2) == 0) return at.timed[dice_.below(at.timed_count)];
    const thread_id chosen = at.enabled[dice_.below(at.count)];
    visitors_[chosen].until = 0;
    return chosen;
}

thread_id stall::choose(const choice& at) noexcept {
    if (const thread_id early = early_timeout(at); early != no_thread) return early;
    look_at(at);
    const bool yields =
        at.current != no_thread && at.threads[at.current].next.kind == op_kind::yield;
    if (yields && yields_++ == yields_borne_) {
        yields_ = 0;
        return anybody(at);
    }
    if (free_.empty()) return anybody(at);
    constexpr std::uint32_t long_enough = 1000;
    if (keeps_going_ && at.preempts && in_a_row_ < long_enough &&
        visitors_[at.current].until <= at.step) {
        ++in_a_row_;
        return at.current;
    }
    in_a_row_ = 0;
    return free_[dice_.below(static_cast<std::uint32_t>(free_.size()))];
}

}  // namespace twill::inline TWILL_ABI::explore
