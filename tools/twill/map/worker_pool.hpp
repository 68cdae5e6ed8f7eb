// `--worker`: the inputs wait in one queue, from which workers that stay take them. A worker that
// dies is replaced, and the input that it had is tried again.
#pragma once

#include "twill/common/change.hpp"
#include "twill/map/arguments.hpp"
#include "twill/map/delivery.hpp"
#include "twill/map/intake.hpp"
#include "twill/map/job_chart.hpp"
#include "twill/map/launcher.hpp"
#include "twill/map/planned_job.hpp"
#include "twill/map/retry_pause.hpp"
#include "twill/map/run_control.hpp"
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
    // `workers`: how many. What is referred to must outlive it.
    worker_pool(const map_arguments& arguments, launcher& commands, intake& inputs,
                delivery& results, run_control& control, time_limit& limit, job_chart& chart,
                std::size_t workers);

    // Puts all inputs into the queue. Cancelled: no more come.
    twill::task<> feed();
    // After that, in whatever way it ended.
    void close();
    // Starts the workers, which end when all inputs are done.
    void start(twill::scope_ref jobs);

private:
    twill::task<> keep_one();
    twill::task<bool> wait_for_work();
    twill::task<bool> start_and_follow();
    void refuse_to_start(refusal why);
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
    void note_time(std::size_t count, twill::duration took) override;
    void note_busy(bool busy) override;
    twill::task<> answered(answer whole) override;

    const map_arguments& arguments_;
    launcher& launcher_;
    intake& intake_;
    delivery& delivery_;
    run_control& control_;
    time_limit& time_limit_;
    job_chart& chart_;
    const std::size_t workers_;
    std::string mark_;
    retry_pause pauses_;
    std::optional<twill::scope_ref> jobs_;

    std::deque<planned_job> queue_;
    std::size_t queued_bytes_ = 0;
    std::size_t with_workers_ = 0;  // and not answered
    std::size_t to_come_back_ = 0;  // wait to be tried again
    std::size_t alive_ = 0;
    bool closed_ = false;
    bool in_step_ = false;  // nothing is sent ahead
    double seconds_each_ = 1;
    std::size_t window_ = 1;
};

}  // namespace twill_command
