// Runs the jobs: starts one whenever there is room, tries again what failed, stops as the user and
// the signals say, and sums up.
#pragma once

#include "twill/common/change.hpp"
#include "twill/map/arguments.hpp"
#include "twill/map/command_template.hpp"
#include "twill/map/input_source.hpp"
#include "twill/map/job.hpp"
#include "twill/map/job_limit.hpp"
#include "twill/map/machine_gate.hpp"
#include "twill/map/output_store.hpp"
#include "twill/map/printer.hpp"
#include "twill/map/progress.hpp"
#include "twill/map/record_keeper.hpp"
#include "twill/map/time_limit.hpp"

#include <twill/core/random.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/task.hpp>
#include <twill/io/process.hpp>
#include <twill/io/signal.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace twill_command {

// How it all ended.
struct map_outcome {
    job_counts counts;
    std::string first_failure;  // of a job, in words
    int signal = 0;             // that ended it; 0: none
    int status = 0;             // what it was ended with before its time; 0: it was not
    std::optional<int> halted;  // the status that --halt ended it with
};

// An input, and what it is known by.
struct job_name {
    std::uint64_t number;  // of the input, from 1 on
    std::uint64_t turn;    // of its output, from 0 on, without gaps
    job_id id;             // where records are kept
};

// What one process is started for: an input, or a batch of them.
struct job {
    std::vector<job_name> names;  // one for each input
    std::vector<std::string> inputs;
    unsigned tries = 0;
};

// One try of a job.
struct attempt {
    twill::process child;
    twill::time_point began;
    bool evicted = false;  // stopped by us because memory was short: it does not count
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
    //     guard_memory       the same
    //     keep_log           the same
    //     run_jobs           its scope is cancelled to stop everything at once
    //       printer::run
    //       start_jobs       its scope is cancelled to stop the jobs, and print what they left
    //         run_job        one for each job that was started and is not done
    //         dispatch       its scope is cancelled to start no more
    twill::task<> watch_signals();
    twill::task<> guard_memory();
    twill::task<> keep_log();
    twill::task<> run_all();
    twill::task<> run_jobs(twill::scope_ref jobs);
    twill::task<> start_jobs(twill::scope_ref starting);
    twill::task<> dispatch(twill::scope_ref starting);
    twill::task<> run_job(job what, attempt now);

    // Starting.
    twill::task<job> gather();
    void take(const input& next, job& into);
    twill::task<> wait_for_room();
    twill::task<bool> wait_for_slot();
    twill::task<> pause(twill::duration length);
    twill::task<> wait_for_end();
    twill::task<> until_job_ends();
    twill::task<> until_no_more();
    [[nodiscard]] bool machine_has_room();
    [[nodiscard]] std::size_t most_unprinted() const noexcept;
    [[nodiscard]] std::size_t most_unlogged() const noexcept;
    struct refusal {
        std::error_code why;
        std::string message;
    };
    twill::task<std::variant<attempt, refusal>> launch(const job& what);
    void note_refusal(const job& what, refusal why);

    // Trying again.
    twill::task<bool> may_try_again(const job& what, const attempt& last, const job_result& result);
    twill::task<bool> try_again(job& what, attempt& now, job_result& result);
    twill::task<> run_one_by_one(job what);
    void evict_youngest();

    // Ending.
    twill::task<job_result> follow(attempt& now);
    void note_end(std::size_t inputs, const attempt& now, const job_result& result,
                  twill::call_sample& times);
    twill::task<> hand_over(const job& what, const attempt& now, job_result result,
                            const twill::call_sample& times);
    twill::task<> keep_results(const job_record& record, job_result& result);
    [[nodiscard]] std::vector<job_record> records_of(const job& what, const attempt& now,
                                                     const job_result& result,
                                                     const twill::call_sample& times) const;
    [[nodiscard]] std::string judge(const job& what, const job_result& result);
    void fail_unstarted(const job& what, std::string why);
    void note_done(std::size_t jobs, bool failed, int status);
    void note_failure(const std::string& description);

    // Stopping.
    void interrupt();
    void start_no_more();
    void end_early(int status, std::string why);
    [[nodiscard]] bool ends_all(const std::error_code& why) const;

    [[nodiscard]] std::string command_for(const job& what) const;
    [[nodiscard]] std::string described(const job& what) const;
    [[nodiscard]] std::string tag_for(const job& what) const;

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
    machine_gate gate_;
    time_limit time_limit_;
    batch_size batch_;
    twill::random_source dice_;

    std::uint64_t inputs_taken_ = 0;
    std::uint64_t turns_given_ = 0;
    std::size_t in_between_ = 0;     // jobs that were started, do not run, and are not handed over
    std::vector<attempt*> running_;  // oldest first
    twill::time_point next_start_{};
    bool evicted_lately_ = false;  // since a job ended
    bool no_more_ = false;         // are started
    change job_ended_;
    change no_more_changed_;
    std::optional<twill::scope_ref> dispatching_;  // while there is somebody to cancel
    std::optional<twill::scope_ref> starting_;
    std::optional<twill::scope_ref> jobs_;
};

}  // namespace twill_command
