// `--report`: how much sooner all was done than one after the other, how much sooner it might have
// been, and where the rest went.
#pragma once

#include <twill/core/time.hpp>
#include <twill/runtime/adaptive_controller.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace twill_command {

class run_report {
public:
    explicit run_report(double cpus) noexcept : cpus_(cpus) {}

    // A process was started, which took so long, and now `running` run of `allowed`.
    void started(twill::time_point now, twill::duration took, std::size_t running,
                 std::size_t allowed) noexcept;
    // One that was started beside others, `beside` with itself, has ended.
    // `jobs`: so many were done by it, one after the other.
    void ended(twill::time_point now, std::size_t beside, const twill::call_sample& times,
               std::size_t jobs = 1) noexcept;
    // The same for one of which nothing was measured. What `jobs` took that were done by it is
    // taken for what the others did.
    void ended_unmeasured(twill::time_point now, std::size_t jobs = 0) noexcept;

    // Between the two, all jobs were stopped (Ctrl-Z): that time is left out.
    void note_stopped(twill::time_point since, twill::time_point until) noexcept;

    // Where the time of the slots went, as shares of all of it.
    struct losses {
        double queue = 0;     // waiting for a CPU
        double growth = 0;    // blocked for longer than where few ran
        double start = 0;     // of processes
        double unfilled = 0;  // fewer ran than were allowed in the end
        double tail = 0;      // the same after the last start
    };
    struct sums {
        std::size_t jobs = 0;
        double seconds = 0;
        double one_by_one = 0;  // seconds
        double actual = 0;      // speed-up
        double predicted = 0;   // by the CPUs, and by what was allowed
        std::size_t allowed = 0;
        losses lost;
    };
    [[nodiscard]] sums sum_up() const noexcept;

    // Three lines.
    [[nodiscard]] std::vector<std::string> lines() const;

private:
    void pass_time(twill::time_point now) noexcept;
    [[nodiscard]] double blocked_growth() const noexcept;

    // Jobs that were started beside 1, 2 to 3, 4 to 7, ...
    struct crowd {
        std::size_t jobs = 0;
        double blocked = 0;
    };

    double cpus_;
    twill::time_point first_{};
    twill::time_point last_start_{};
    twill::time_point now_{};
    std::size_t running_ = 0;
    std::size_t allowed_ = 0;  // at most
    double occupied_ = 0;      // slots times seconds
    double occupied_at_last_start_ = 0;
    std::size_t measured_ = 0;
    std::size_t unmeasured_ = 0;  // and done
    double run_ = 0;
    double queued_ = 0;
    double blocked_ = 0;
    double start_ = 0;
    std::array<crowd, 24> crowds_{};
};

}  // namespace twill_command
