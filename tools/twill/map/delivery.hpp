// What becomes of a job that has ended: its output is printed, its record kept, and it is counted.
#pragma once

#include "twill/map/arguments.hpp"
#include "twill/map/job.hpp"
#include "twill/map/job_limit.hpp"
#include "twill/map/job_record.hpp"
#include "twill/map/launcher.hpp"
#include "twill/map/output_store.hpp"
#include "twill/map/planned_job.hpp"
#include "twill/map/printer.hpp"
#include "twill/map/record_keeper.hpp"
#include "twill/map/run_control.hpp"

#include <twill/core/task.hpp>
#include <twill/core/time.hpp>
#include <twill/runtime/adaptive_controller.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace twill_command {

class delivery {
public:
    // What is referred to must outlive it.
    delivery(const map_arguments& arguments, const launcher& commands, record_keeper& records,
             const job_limit& limit, run_control& control)
        : arguments_(arguments),
          commands_(commands),
          records_(records),
          limit_(limit),
          control_(control),
          printer_(arguments.keep_order, control.line(), control.held_less(),
                   records.is_active() ? &records.log() : nullptr) {}

    [[nodiscard]] output_store& store() noexcept { return store_; }
    [[nodiscard]] printer& printing() noexcept { return printer_; }

    // For another output to keep.
    twill::task<> wait_for_room();
    // The same, of a job that others wait for: until those before it are printed and logged.
    twill::task<> wait_for_reader();
    // Outputs and records that were handed over and are not written; what announces that there are
    // fewer, or that another job has ended.
    [[nodiscard]] std::size_t unwritten() const noexcept;
    change& fewer() noexcept;
    // A job that was started, does not run, and is not handed over: counts for as long as it lives.
    class counted {
    public:
        explicit counted(std::size_t& among) noexcept : among_(among) { ++among_; }
        ~counted() { --among_; }
        counted(const counted&) = delete;
        counted& operator=(const counted&) = delete;

    private:
        std::size_t& among_;
    };
    [[nodiscard]] counted in_between() noexcept { return counted(in_between_); }
    // One that waits to be tried again.
    [[nodiscard]] counted resting() noexcept { return counted(resting_); }

    // A job that has run, once.
    twill::task<> hand_over(const planned_job& what, twill::time_point began, job_result result,
                            const twill::call_sample& times);
    // One that could not.
    void fail_unstarted(const planned_job& what, std::string why);
    // The same, or the end of all if no other could either.
    void note_refusal(const planned_job& what, refusal why);

private:
    [[nodiscard]] bool is_logging() const noexcept;
    [[nodiscard]] std::size_t most_started() const noexcept;
    [[nodiscard]] std::size_t most_unprinted() const noexcept;
    [[nodiscard]] std::size_t most_unlogged() const noexcept;
    [[nodiscard]] std::size_t unlogged() const noexcept;
    twill::task<> keep_results(const job_record& record, job_result& result);
    [[nodiscard]] std::vector<job_record> records_of(const planned_job& what,
                                                     twill::time_point began,
                                                     const job_result& result,
                                                     const twill::call_sample& times) const;
    [[nodiscard]] std::string judge(const planned_job& what, const job_result& result);
    void note_done(std::size_t jobs, bool failed, int status);
    void note_failure(const std::string& description);

    const map_arguments& arguments_;
    const launcher& commands_;
    record_keeper& records_;
    const job_limit& limit_;
    run_control& control_;
    output_store store_;
    printer printer_;
    std::size_t in_between_ = 0;
    std::size_t resting_ = 0;
};

}  // namespace twill_command
