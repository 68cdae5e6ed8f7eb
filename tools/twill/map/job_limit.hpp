// How many jobs run at a time: a number that the user gave, or what the jobs themselves say.
//
// Two things bound it. The CPUs of this machine: another job is started as long as fewer than they
// are want one (`cpu_demand`), so jobs that compute run as many as there are CPUs, jobs that wait
// as many as keep the CPUs busy with starting them, and of a list that holds both, those that
// compute and those that wait run side by side, which no fixed number does. And what the jobs wait
// for (a server, a disk): `adaptive_controller` finds the number from which on they only wait for
// each other.
//
// At the end of the list that is not enough: a job that waits for long, started last, would leave
// the CPUs idle. So when what is left would be computed sooner than such a job waits, all that is
// left is started.
#pragma once

#include "twill/map/cpu_demand.hpp"

#include <twill/core/time.hpp>
#include <twill/runtime/adaptive_controller.hpp>

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace twill_command {

// Of pairs of numbers.
class correlation {
public:
    void add(double x, double y) noexcept;
    [[nodiscard]] std::size_t count() const noexcept { return count_; }
    // Between -1 and 1; 0 where one of the two does not vary.
    [[nodiscard]] double value() const noexcept;

private:
    std::size_t count_ = 0;
    double x_ = 0, y_ = 0, xx_ = 0, yy_ = 0, xy_ = 0;  // sums
};

// Towards others who want the CPUs.
enum class cpu_manners : std::uint8_t {
    fair,    // as many jobs as get an equal share
    polite,  // only what the others leave
    greedy,  // as many jobs as get nearly all
};

class job_limit {
public:
    // What the kernel says of jobs, and how many other threads of the machine run or wait for a
    // CPU. Others than the usual ones: for tests.
    struct senses {
        cpu_demand::senses of_jobs;
        std::function<std::optional<double>()> runnable_threads;
    };

    // Always `jobs`.
    explicit job_limit(std::size_t jobs) noexcept : fixed_(jobs) {}
    // As many as do good, by measurement, up to `most`; `cpus` are there.
    job_limit(unsigned cpus, std::size_t most, twill::time_point now,
              cpu_manners manners = cpu_manners::fair);
    job_limit(unsigned cpus, std::size_t most, twill::time_point now, cpu_manners manners,
              senses from);

    [[nodiscard]] bool is_measured() const noexcept { return control_.has_value(); }
    // The most that `now` may ever be.
    [[nodiscard]] std::size_t most() const noexcept { return fixed_; }
    // How many may be in progress now, as known at the last question whether there is room.
    [[nodiscard]] std::size_t now() const noexcept;

    // Whether one more may be started now, when `left` are not (about; none: unknown). False: ask
    // again when a job has ended, and at `next_look`.
    [[nodiscard]] bool has_room(twill::time_point now, std::optional<std::size_t> left);
    [[nodiscard]] twill::time_point next_look() const noexcept;
    // Whether so many were started since the latest end was heard of that a pause to listen is due.
    // Starting one after the other leaves no time to hear of any; what has passed since its end
    // would be taken for time that a job was blocked, and many more would be started for that. A
    // pause before each would be worse: the next start would wait for what is done about the ends.
    [[nodiscard]] bool should_listen() noexcept;

    // `before`: what the process had done by then, where it stays from job to job.
    void started(pid_t job, twill::time_point at, const scheduled_time& before = {});
    // `jobs`: so many were done by it, one after the other.
    void ended(pid_t job, twill::time_point began, twill::time_point at,
               const twill::call_sample& times, std::size_t jobs = 1);
    // One that was stopped, or could not be measured.
    void ended_unmeasured(pid_t job, twill::time_point began, twill::time_point at);

    // Between the two, all jobs were stopped (Ctrl-Z). That time is to be left out of what is told
    // of those that end later.
    void note_stopped(twill::time_point since, twill::time_point until);

    // What was measured and decided, when and why: at most five lines.
    [[nodiscard]] std::vector<std::string> explained(twill::time_point began) const;

private:
    void begin_with(std::size_t jobs, twill::time_point now);
    [[nodiscard]] bool cpus_have_room(twill::time_point now);
    [[nodiscard]] double for_each_cpu(twill::time_point now) const noexcept;
    [[nodiscard]] bool some_cpu_is_idle(twill::time_point now);
    [[nodiscard]] bool is_last_wave(std::size_t left) const noexcept;
    void raise_bound_if_free(twill::time_point now);
    std::size_t forget(pid_t job);

    std::size_t fixed_;
    std::optional<twill::adaptive_controller> control_;
    std::optional<cpu_demand> demand_;
    senses from_;
    unsigned cpus_ = 0;
    cpu_manners manners_ = cpu_manners::fair;
    std::size_t in_progress_ = 0;
    std::size_t most_seen_ = 0;  // of them
    bool had_room_ = true;
    std::size_t unheard_ = 0;  // started since an end was heard of, or a pause was made for that
    twill::time_point next_try_ = twill::never;
    twill::time_point next_raise_{};  // of the bound, as long as none has ended
    bool has_ended_ = false;          // one of them
    std::size_t measured_ = 0;
    std::size_t samples_ = 0;               // of one job or several
    twill::call_sample sum_;                // over all that were measured
    std::vector<twill::duration> blocked_;  // of the latest that were

    // Until the bound for what the jobs wait for has been found: whether those wait longer that
    // began while more were in progress.
    struct company {
        pid_t job;
        std::size_t others;
    };
    std::vector<company> beside_;
    correlation waits_grow_;
};

}  // namespace twill_command
