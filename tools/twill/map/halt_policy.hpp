// `--halt`: when so many jobs have failed, succeeded or ended, no more are started, or all stopped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace twill_command {

struct halt_policy {
    enum class action : std::uint8_t { never, soon, now };  // soon: what runs may end
    enum class reason : std::uint8_t { fail, success, done };

    action what = action::never;
    reason why = reason::fail;
    unsigned count = 1;
    bool is_percent = false;  // of all jobs, or of those that have ended

    // Jobs so far.
    struct counts {
        std::size_t ended = 0;
        std::size_t failed = 0;            // of them
        std::optional<std::size_t> all{};  // that there will be, where it is known
    };
    // Whether this job, which failed or did not, was the one too many: called for each, in the
    // order of their ends. `now`: with this one. A share is one of all jobs; where their number is
    // not known, of those that have ended, from the third on, and "done" is never reached.
    [[nodiscard]] bool is_reached(bool this_failed, const counts& now) const noexcept;

    // The exit status then, as GNU parallel's: 0 for success; else that of the job where one was
    // enough, the percentage that failed for a share, and otherwise how many failed, 101 at most.
    [[nodiscard]] int exit_status(int of_job, const counts& now) const noexcept;
};

// "never", "now,fail=1", "soon,success=3", "soon,fail=20%"; and GNU parallel's older "0", "1", "2",
// "-1", "-2". Nothing if it is none.
std::optional<halt_policy> parse_halt(std::string_view text);

}  // namespace twill_command
