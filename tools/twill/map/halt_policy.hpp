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
    bool is_percent = false;  // of the jobs that have ended

    // Whether this job, which failed or did not, was the one too many: called for each, in the
    // order of their ends. `ended`, `failed`: with this one.
    [[nodiscard]] bool is_reached(bool this_failed, std::size_t ended,
                                  std::size_t failed) const noexcept;
};

// "never", "now,fail=1", "soon,success=3", "soon,fail=20%". Nothing if it is none.
std::optional<halt_policy> parse_halt(std::string_view text);

}  // namespace twill_command
