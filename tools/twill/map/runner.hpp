// Runs the jobs: starts one whenever there is room, tries again what failed, and stops as the user
// and the signals say.
#pragma once

#include "twill/map/arguments.hpp"
#include "twill/map/delivery.hpp"
#include "twill/map/input_source.hpp"
#include "twill/map/intake.hpp"
#include "twill/map/job.hpp"
#include "twill/map/job_chart.hpp"
#include "twill/map/job_limit.hpp"
#include "twill/map/launcher.hpp"
#include "twill/map/planned_job.hpp"
#include "twill/map/record_keeper.hpp"
#include "twill/map/retry_pause.hpp"
#include "twill/map/run_control.hpp"
#include "twill/map/run_report.hpp"
#include "twill/map/slots.hpp"
#include "twill/map/time_limit.hpp"
#include "twill/map/worker_pool.hpp"

#include <twill/core/scope.hpp>
#include <twill/core/task.hpp>
#include <twill/io/signal.hpp>

#include <optional>
#include <string>
#include <variant>

namespace twill_command {

class runner {
public:
    // `program`: what is executed when it does not depend on the input; else empty. What is
    // referred to must outlive it.
    runner(const map_arguments& arguments, input_source& inputs, std::string program,
           job_limit& limit, record_keeper& records);
    runner(const runner&) = delete;
    runner& operator=(const runner&) = delete;

    [[nodiscard]] std::string what_guards_did() const { return slots_.what_guards_did(); }
    // What `--report`, `--timeline` and `--trace` show, after `run`.
    [[nodiscard]] const run_report& report() const noexcept { return report_; }
    [[nodiscard]] const job_chart& chart() const noexcept { return chart_; }

    // All jobs have ended, and their groups too, when this has. Throws io_error: standard input
    // cannot be read, or the outputs cannot be written.
    twill::task<map_outcome> run();

private:
    // The tasks, from the outermost in:
    //   run                  until all is done
    //     watch_signals      until then
    //     look_after_processes, memory_guard::run  the same
    //     keep_log           the same
    //     run_jobs           its scope is cancelled to stop everything at once
    //       printer::run
    //       start_jobs       its scope is cancelled to stop the jobs, and print what they left
    //         run_job        one for each job that was started and is not done
    //         dispatch       its scope is cancelled to start no more
    //       or, with workers that stay,
    //         keep_one       one for each worker
    //         feed           its scope is cancelled to take no more inputs
    twill::task<> watch_signals();
    twill::task<> look_after_processes();
    twill::task<> keep_log();
    twill::task<> run_all();
    twill::task<> run_jobs(twill::scope_ref jobs);
    twill::task<> start_jobs(twill::scope_ref starting);
    twill::task<> dispatch(twill::scope_ref starting);
    twill::task<> run_job(planned_job what, attempt now);

    twill::task<std::variant<attempt, refusal>> launch(const planned_job& what);
    twill::task<job_result> follow(attempt& now);
    [[nodiscard]] std::optional<twill::call_sample> note_end(const planned_job& what,
                                                             const attempt& now,
                                                             const job_result& result);

    // Trying again.
    twill::task<bool> may_try_again(const planned_job& what, const attempt& last,
                                    const job_result& result);
    twill::task<bool> try_again(planned_job& what, attempt& now, job_result& result);
    twill::task<> run_one_by_one(planned_job what);

    void interrupt();
    void suspend();
    void note_start(attempt& one);
    void note_in_views(const planned_job& what, const attempt& one, const job_result& result,
                       const std::optional<twill::call_sample>& times);

    const map_arguments& arguments_;
    record_keeper& records_;
    twill::signal_watcher signals_;
    run_control control_;
    launcher launcher_;
    slots slots_;
    delivery delivery_;
    intake intake_;
    time_limit time_limit_;
    retry_pause pauses_;
    std::optional<worker_pool> workers_;
    run_report report_;
    job_chart chart_;
};

}  // namespace twill_command
