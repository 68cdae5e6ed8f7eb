// From a schedule that fails to one that fails the same way with fewer preemptions.
//
// It proposes, its client tries: each proposal is followed loosely (see replay.hpp), and what
// happened is handed back as recorded. Delta debugging over the preemptions, then over the values
// that are not the plain ones: first many at once, in the end each alone. After Zeller and
// Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (TSE 2002); the two ways to be
// rid of a preemption, to go on or to begin later, are those of Jalbert and Sen's "Trace
// Simplification" (FSE 2010).
//
//     shrinking less(memory, failing);
//     while (const schedule* attempt = less.propose()) {
//         ... run it under replay(*attempt, replay::how::loose) ...
//         less.tried(fails_the_same_way, run.record());
//     }
//     use(less.best());
#pragma once

#include "schedule.hpp"

namespace twill::inline TWILL_ABI::explore {

class shrinking {
public:
    // `memory` must not be that of the runs. `failing` is as it was recorded, not as it was read
    // from a file, which does not say what was a preemption.
    shrinking(arena& memory, const schedule& failing) noexcept;

    // What to try next; null: nothing more. It stays until the next call of `tried`.
    const schedule* propose() noexcept;
    void tried(bool fails_the_same_way, const schedule& recorded) noexcept;

    [[nodiscard]] const schedule& best() const noexcept { return best_; }

private:
    // What is taken out of the best schedule so far.
    enum class what : std::uint8_t {
        go_on,  // preempted threads do what they do later at once
        wait,   // they do it later, together with what they do then
        values
    };

    [[nodiscard]] static std::uint64_t cost(const schedule& of) noexcept {
        return of.preemptions + of.values.size();
    }
    [[nodiscard]] std::size_t candidates() const noexcept;
    void begin_pass() noexcept;
    bool advance() noexcept;
    void build() noexcept;

    schedule best_;
    schedule attempt_;
    what taking_ = what::go_on;
    std::size_t chunk_ = 0;  // how many are taken out at once
    std::size_t from_ = 0;   // the first of them
    bool improved_ = false;  // in this round over all kinds of pass
    bool over_ = false;
    bool fresh_ = true;  // nothing was proposed yet
};

}  // namespace twill::inline TWILL_ABI::explore
