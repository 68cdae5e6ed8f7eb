// `--worker`: the inputs wait in one queue, from which workers that stay take them. A worker that
// dies is replaced, and the input that it had is tried again.
//
// Another worker is started when inputs wait, none that is alive has nothing to do, and `job_limit`
// has room; with -j auto, also only if it is ready before all is done, and this program has time to
// listen to it. One that has answered takes another input as long as there is room; those that are
// too many rest.
#pragma once

#include "twill/common/change.hpp"
#include "twill/map/arguments.hpp"
#include "twill/map/delivery.hpp"
#include "twill/map/intake.hpp"
#include "twill/map/job_chart.hpp"
#include "twill/map/job_limit.hpp"
#include "twill/map/launcher.hpp"
#include "twill/map/machine_gate.hpp"
#include "twill/map/planned_job.hpp"
#include "twill/map/retry_pause.hpp"
#include "twill/map/run_control.hpp"
#include "twill/map/run_report.hpp"
#include "twill/map/time_limit.hpp"
#include "twill/map/worker.hpp"

#include <twill/core/scope.hpp>
#include <twill/core/task.hpp>
#include <twill/core/time.hpp>

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace twill_command {

class worker_pool final : private worker_desk {
public:
    // What a worker needs and what becomes of what it does. All of it must outlive the pool.
    struct surroundings {
        launcher& commands;
        intake& inputs;
        delivery& results;
        run_control& control;
        job_limit& limit;  // of workers that have something to do
        machine_gate& gate;
        time_limit& allowed_time;
        run_report& report;
        job_chart& chart;
    };

    worker_pool(const map_arguments& arguments, const surroundings& all);

    // Puts all inputs into the queue. Cancelled: no more come.
    twill::task<> feed();
    // After that, in whatever way it ended.
    void close();
    // Starts the workers, which end when all inputs are done.
    void start(twill::scope_ref jobs);

private:
    twill::task<> keep_enough();
    [[nodiscard]] bool needs_another();
    [[nodiscard]] bool is_heard();
    [[nodiscard]] bool another_pays() const;
    void start_one();
    twill::task<> follow(attempt process);
    twill::task<> wait_for_room();
    void refuse_to_start(refusal why);
    [[nodiscard]] std::optional<std::size_t> left() const noexcept;
    twill::task<> settle(worker& ended);
    twill::task<> settle_one(answer which, bool by_death);
    void draw(const answer& which);
    twill::task<> try_later(answer failed);
    void put_back(planned_job what);
    [[nodiscard]] bool is_too_much() const noexcept;

    std::vector<planned_job> take(std::size_t most) override;
    [[nodiscard]] bool is_finished() const override;
    change& changed() override { return control_.job_ended(); }
    [[nodiscard]] std::size_t window() const override;
    void note_error_output() override;
    void note_no_answer(std::size_t bytes) override;
    void note_time(std::size_t count, twill::duration took, bool first) override;
    [[nodiscard]] bool has_inputs() const override {
        return !queue_.empty() && !control_.is_ending();
    }
    [[nodiscard]] bool has_room() override;
    [[nodiscard]] bool measures() const override { return measures_; }
    void begin_turn(worker_turn& turn, const scheduled_time& before) override;
    void end_turn(const worker_turn& turn, twill::time_point now,
                  const std::optional<twill::call_sample>& times) override;
    twill::task<> answered(answer whole) override;

    const map_arguments& arguments_;
    launcher& launcher_;
    intake& intake_;
    delivery& delivery_;
    run_control& control_;
    job_limit& limit_;
    machine_gate& gate_;
    time_limit& time_limit_;
    run_report& report_;
    job_chart& chart_;
    const bool measures_;
    std::string mark_;
    retry_pause pauses_;
    std::optional<twill::scope_ref> jobs_;

    std::deque<planned_job> queue_;
    std::size_t queued_bytes_ = 0;
    std::size_t with_workers_ = 0;  // and not answered
    std::size_t to_come_back_ = 0;  // wait to be tried again
    std::size_t alive_ = 0;
    std::size_t most_alive_;          // as far as the system has room for them
    twill::duration latest_start_{};  // took so long, as far as it is for the report
    double seconds_until_ready_ = 0;  // from a start to the first answer; 0: not known
    bool closed_ = false;
    bool in_step_ = false;  // nothing is sent ahead
    bool told_of_no_answer_ = false;

    // What this program does with its own time.
    twill::time_point own_looked_{};
    scheduled_time own_seen_;
    twill::duration starting_{};  // of workers, since then
    bool is_heard_ = true;

    double seconds_each_ = 1;
    std::size_t window_ = 1;
};

}  // namespace twill_command
