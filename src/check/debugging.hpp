// A replay under a debugger: it stops before the last context switch of its schedule.
#pragma once

#include "explore/replay.hpp"

namespace twill::inline TWILL_ABI::check {

// In a run that is to be debugged, before it goes on into the program: waits until a debugger is
// there and says so.
void wait_for_debugger() noexcept;

// Follows a schedule, and calls `twill_check_before_last_switch` when the last switch has been
// decided and not yet made: the thread that is to be taken off is still where it was.
class debugged_replay final : public explore::strategy {
public:
    explicit debugged_replay(const explore::schedule& what) noexcept : schedule_(what) {}

    void begin_run(explore::arena& memory, std::uint64_t seed,
                   const explore::profile& known) noexcept override {
        schedule_.begin_run(memory, seed, known);
    }
    explore::thread_id choose(const explore::choice& at) noexcept override;
    std::uint32_t pick(const explore::outcome_choice& what) noexcept override {
        return schedule_.pick(what);
    }
    [[nodiscard]] bool diverged() const noexcept override { return schedule_.diverged(); }

private:
    explore::replay schedule_;
    bool stopped_ = false;
};

}  // namespace twill::inline TWILL_ABI::check
