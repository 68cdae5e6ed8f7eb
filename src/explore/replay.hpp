// Follows a schedule.
//
// Strictly, it says so when the run has left the schedule: a thread named there cannot run.
// Loosely, it makes the best of a schedule that something was taken out of: a stretch whose thread
// cannot run is put aside until it can, one that is done already is skipped, and behind the end the
// running thread goes on. What really happened is in the new run's own record.
#pragma once

#include "schedule.hpp"
#include "strategy.hpp"

namespace twill::inline TWILL_ABI::explore {

class replay final : public strategy {
public:
    enum class how { strict, loose };

    // `what` must outlive it, and lie elsewhere than the record of the run that follows it.
    explicit replay(const schedule& what, how strictly = how::strict) noexcept
        : what_(what), strictly_(strictly) {}

    void begin_run(arena& memory, std::uint64_t seed, const profile& known) noexcept override;
    thread_id choose(const choice& at) noexcept override;
    std::uint32_t pick(const outcome_choice& what) noexcept override;
    [[nodiscard]] bool diverged() const noexcept override { return diverged_; }

    // Whether the next step is the first of the last stretch: a debugger stops here.
    [[nodiscard]] bool before_last_switch() const noexcept {
        return at_ + 1 == what_.stretches.size();
    }

private:
    const schedule& what_;
    how strictly_;
    bool diverged_ = false;
    std::size_t at_ = 0;     // the stretch that is followed
    std::size_t first_ = 0;  // all before it are done
};

}  // namespace twill::inline TWILL_ABI::explore
