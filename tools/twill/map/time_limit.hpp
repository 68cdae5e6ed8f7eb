// `--timeout`: how long a job may take; a time, or a share of what the others take.
#pragma once

#include <twill/core/time.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace twill_command {

class time_limit {
public:
    time_limit() = default;  // none
    explicit time_limit(twill::duration fixed) noexcept : fixed_(fixed) {}
    // Of the median of the latest jobs that ended by themselves, once there are a few.
    static time_limit of_median(double percent) noexcept;
    // "10", "500ms", "2m"; "300%". Nothing if it is none.
    static std::optional<time_limit> parse(std::string_view text);

    // None: there is none yet.
    [[nodiscard]] std::optional<twill::duration> now() const noexcept { return fixed_; }
    [[nodiscard]] bool may_change() const noexcept { return percent_ > 0; }

    // A job ended by itself.
    void note(twill::duration took) noexcept;

    // All jobs were stopped for a while (Ctrl-Z), which does not count; and how long in all.
    void note_stopped(twill::duration length) noexcept { stopped_ += length; }
    [[nodiscard]] twill::duration stopped() const noexcept { return stopped_; }

private:
    static constexpr std::size_t least_known = 3;

    std::optional<twill::duration> fixed_;
    double percent_ = 0;
    std::array<twill::duration, 63> latest_{};
    std::size_t known_ = 0;
    std::size_t next_ = 0;
    twill::duration stopped_{};
};

}  // namespace twill_command
