// Runs the jobs: starts one whenever there is room, stops as the user and the signals say, and sums
// up.
#pragma once

#include "twill/common/change.hpp"
#include "twill/map/arguments.hpp"
#include "twill/map/command_template.hpp"
#include "twill/map/input_source.hpp"
#include "twill/map/job.hpp"
#include "twill/map/job_limit.hpp"
#include "twill/map/output_store.hpp"
#include "twill/map/printer.hpp"
#include "twill/map/progress.hpp"
#include "twill/map/record_keeper.hpp"

#include <twill/core/scope.hpp>
#include <twill/core/task.hpp>
#include <twill/io/process.hpp>
#include <twill/io/signal.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace twill_command {

// How it all ended.
struct map_outcome {
    job_counts counts;
    std::string first_failure;  // of a job, in words
    int signal = 0;             // that ended it; 0: none
    int status = 0;             // what it was ended with before its time; 0: it was not
};

// An input, and what it is known by.
struct job_name {
    std::uint64_t number;  // of the input, from 1 on
    std::uint64_t turn;    // of its output, from 0 on, without gaps
    job_id id;             // where records are kept
};

struct started_job {
    twill::process child;
    twill::time_point began;
    job_name name;
    std::string input;
};

class runner {
public:
    // `program`: what is executed when it does not depend on the input; else empty. What is
    // referred to must outlive it.
    runner(const map_arguments& arguments, input_source& inputs, std::string program,
           job_limit& limit, record_keeper& records);
    ~runner();
    runner(const runner&) = delete;
    runner& operator=(const runner&) = delete;

    // All jobs have ended, and their groups too, when this has. Throws io_error: standard input
    // cannot be read, or the outputs cannot be written.
    twill::task<map_outcome> run();

private:
    // The tasks, from the outermost in:
    //   run                  until all is done
    //     watch_signals      until then
    //     keep_log           the same
    //     run_jobs           its scope is cancelled to stop everything at once
    //       printer::run
    //       run_job          one for each running process
    //       dispatch         its scope is cancelled to start no more
    twill::task<> watch_signals();
    twill::task<> keep_log();
    twill::task<> run_all();
    twill::task<> run_jobs(twill::scope_ref jobs);
    twill::task<> dispatch(twill::scope_ref jobs);
    twill::task<> run_job(started_job job);

    void start_no_more();
    twill::task<> wait_for_room();
    [[nodiscard]] std::size_t most_unprinted() const noexcept;
    [[nodiscard]] std::size_t most_unlogged() const noexcept;
    twill::task<std::optional<started_job>> start(std::string_view input, job_name name);
    [[nodiscard]] bool ends_all(const std::error_code& why) const;
    void fail_unstarted(job_name name, std::string_view input, std::string why);
    void end_early(int status, std::string why);
    void note_end(const started_job& job, const job_result& result, twill::call_sample& times);
    twill::task<> keep_results(const job_record& record, job_result& result);
    [[nodiscard]] job_record record_of(const started_job& job, const job_result& result,
                                       const twill::call_sample& times) const;
    [[nodiscard]] std::string judge(const started_job& job, const job_result& result);
    void note_failure(const std::string& description);
    [[nodiscard]] std::string described(std::string_view input) const;

    const map_arguments& arguments_;
    input_source& inputs_;
    command_template template_;
    job_limit& limit_;
    record_keeper& records_;

    twill::command command_;
    int null_device_;
    twill::signal_watcher signals_;
    map_outcome outcome_;
    progress progress_;
    output_store store_;
    printer printer_;

    std::uint64_t inputs_taken_ = 0;
    std::uint64_t turns_given_ = 0;
    std::size_t being_kept_ = 0;  // jobs that have ended and whose results are being written
    change job_ended_;
    std::optional<twill::scope_ref> dispatching_;  // while there is somebody to cancel
    std::optional<twill::scope_ref> jobs_;
};

}  // namespace twill_command
