// The run as a whole: how it stands, and what ends it before its time.
#pragma once

#include "twill/common/change.hpp"
#include "twill/map/progress.hpp"

#include <twill/core/scope.hpp>
#include <twill/core/task.hpp>
#include <twill/core/time.hpp>
#include <twill/runtime/adaptive_controller.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace twill_command {

// How it all ended.
struct map_outcome {
    job_counts counts;
    std::string first_failure;  // of a job, in words
    int signal = 0;             // that ended it; 0: none
    int status = 0;             // what it was ended with before its time; 0: it was not
    std::optional<int> halted;  // the status that --halt ended it with
};

class run_control {
public:
    // `inputs`: how many there are, where it is known.
    explicit run_control(std::optional<std::size_t> inputs)
        : inputs_(inputs), line_(outcome.counts, inputs) {}
    run_control(const run_control&) = delete;
    run_control& operator=(const run_control&) = delete;

    map_outcome outcome;

    [[nodiscard]] std::optional<std::size_t> inputs() const noexcept { return inputs_; }
    [[nodiscard]] progress& line() noexcept { return line_; }
    // Whether no more jobs are started.
    [[nodiscard]] bool is_ending() const noexcept { return ending_; }

    // What runs may end.
    void start_no_more();
    // The same, because of something that is no fault of a job: it is said, and becomes the status.
    void end_early(int status, std::string why);
    // Jobs are stopped; what they have left is printed.
    void stop_jobs();
    // Everything is.
    void stop_all();

    // Announces that a job has ended, or that no more are started; or there is more for workers to
    // do.
    change& job_ended() noexcept { return job_ended_; }
    // Announces that fewer jobs than before were started and are not printed.
    change& held_less() noexcept { return held_less_; }
    // Both.
    void announce_end() noexcept {
        job_ended_.announce();
        held_less_.announce();
    }

    // Until that is announced, or at `when` (`never`: not then): false.
    twill::task<bool> job_ended_before(twill::time_point when);

    // A job that has ended: its share is shown in the line.
    void note_share(const twill::call_sample& times) noexcept;

    // Shorter, once no more are started.
    twill::task<> pause(twill::duration length);

    // The scopes, from the outermost in, while there is somebody to cancel in them: of the jobs and
    // what prints, of the jobs, of what starts them.
    std::optional<twill::scope_ref> everything;
    std::optional<twill::scope_ref> jobs;
    std::optional<twill::scope_ref> starting;

private:
    twill::task<> until_ending();
    twill::task<> until_job_ended();

    std::optional<std::size_t> inputs_;
    progress line_;
    bool ending_ = false;
    change ending_changed_;
    change job_ended_;
    change held_less_;
};

}  // namespace twill_command
