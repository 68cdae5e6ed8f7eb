// What is kept of jobs that have ended, so that a later run can go on: the log and the folder of
// results, if the user wants them.
#pragma once

#include "twill/map/arguments.hpp"
#include "twill/map/job.hpp"
#include "twill/map/job_id.hpp"
#include "twill/map/job_log.hpp"
#include "twill/map/job_record.hpp"
#include "twill/map/results_folder.hpp"

#include <twill/core/task.hpp>
#include <twill/core/time.hpp>

#include <cstddef>
#include <optional>
#include <string_view>

namespace twill_command {

class record_keeper {
public:
    // Nothing is kept when the arguments ask for neither. Throws io_error, unusable_log.
    explicit record_keeper(const map_arguments& arguments);

    // Whether there is a log, and jobs have ids.
    [[nodiscard]] bool is_active() const noexcept { return log_.has_value(); }
    [[nodiscard]] bool has_results() const noexcept { return results_.has_value(); }

    // For each input once, in their order.
    job_id identify(std::string_view input) { return identifier_->next(input); }
    // By an earlier run.
    [[nodiscard]] bool is_done(const job_id& job) {
        met_again_ = met_again_ || log_->earlier().knows(job);
        return log_->earlier().settles(job, retry_failed_);
    }
    // How many jobs the earlier run had, if none of them was asked for again: its command, say, was
    // another one, and all that it has done is done again. Else 0.
    [[nodiscard]] std::size_t strangers() const noexcept {
        return log_ && !met_again_ ? log_->earlier().size() : 0;
    }

    // Seconds since 1970.
    [[nodiscard]] double calendar_time(twill::time_point at) const noexcept;

    // Writes the job's results, if they are kept, and then its line: nothing else is to be done for
    // it to count as done. Throws io_error; then it does not.
    twill::task<> keep_results(const job_record& job, const job_result& result);
    // Its line. Its output was written.
    void note(const job_record& job) { log_->add(job); }

    job_log& log() noexcept { return *log_; }
    // After all else, in whatever way that ended. Throws io_error.
    void finish();

private:
    std::optional<results_folder> results_;
    std::optional<job_log> log_;
    std::optional<job_identifier> identifier_;
    bool retry_failed_;
    bool met_again_ = false;
    double calendar_offset_ = 0;
};

// The ids of jobs as a run with these arguments would give them.
job_identifier identifier_for(const map_arguments& arguments);

}  // namespace twill_command
