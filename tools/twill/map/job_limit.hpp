// How many jobs run at a time: a number that the user gave, or what the jobs themselves say.
#pragma once

#include <twill/core/time.hpp>
#include <twill/runtime/adaptive_controller.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace twill_command {

class job_limit {
public:
    // Always `jobs`.
    explicit job_limit(std::size_t jobs) noexcept : fixed_(jobs) {}
    // As many as do good, by measurement, up to `most`; `cpus` are there.
    job_limit(unsigned cpus, std::size_t most, twill::time_point now);

    [[nodiscard]] bool is_measured() const noexcept { return control_.has_value(); }
    [[nodiscard]] std::size_t now() const noexcept { return control_ ? control_->limit() : fixed_; }
    // The most that `now` may ever be.
    [[nodiscard]] std::size_t most() const noexcept { return fixed_; }

    // Whether nothing is known yet: none has ended.
    [[nodiscard]] bool is_guessing() const noexcept { return control_ && !any_ended_; }
    // No job has ended yet, and none of those in progress wants a CPU: twice as many, up to a
    // bound, without waiting for the first.
    void double_unseen(std::size_t in_progress, twill::time_point now);

    void started(twill::time_point at) noexcept;
    void ended(twill::time_point began, twill::time_point at, const twill::call_sample& times);
    // One that was stopped, or could not be measured.
    void ended_unmeasured(twill::time_point began, twill::time_point at) noexcept;

    // What was measured and decided, when and why: at most five lines.
    [[nodiscard]] std::vector<std::string> explained(twill::time_point began) const;

private:
    void begin_with(std::size_t jobs, twill::time_point now);

    std::size_t fixed_;
    std::optional<twill::adaptive_controller> control_;
    unsigned cpus_ = 0;
    bool any_ended_ = false;
    std::size_t measured_ = 0;
    twill::call_sample sum_;  // over all that were measured
};

}  // namespace twill_command
