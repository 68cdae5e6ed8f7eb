// A machine on which `twill map` runs a list of jobs, simulated: CPUs that all who want one share
// evenly, jobs that compute, wait, or stand in line at a server, the runner's own work, and a
// stranger that comes in bursts. No real time passes and nothing is random.
#pragma once

#include "twill/map/job_limit.hpp"

#include <twill/core/time.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

namespace twill_test {

// Times in milliseconds.
struct simulated_phase {
    enum class kind : unsigned char { run, memory, wait, ask };
    kind what;
    double length;
    unsigned threads = 1;  // that run
};

using simulated_job = std::vector<simulated_phase>;

struct simulated_list {
    std::vector<simulated_job> jobs;
    std::size_t servers = 0;  // of what is asked: so many at a time
};

class simulated_machine {
public:
    static constexpr unsigned cpus = 2;
    // What the runner does for each job, and a process before it begins with its own work.
    static constexpr double start_cost = 0.4;
    static constexpr double end_cost = 0.15;
    static constexpr double look_cost = 0.006;
    static constexpr double process_start = 0.3;
    // So many streams through memory make full use of it.
    static constexpr double memory_streams = 1.3;

    simulated_machine(const simulated_list& list, bool bursts) : list_(list), bursts_(bursts) {}

    // How long the list takes with as many at a time as measurement says, or as `fixed`.
    double run(std::optional<std::size_t> fixed = std::nullopt);

private:
    struct running {
        double began;
        std::size_t job;
        std::size_t phase = 0;
        double left = process_start;  // of the phase
        double until = 0;             // where it waits
        bool on_cpu = true;
        bool starting = true;
        double ran = 0, queued = 0, cpu = 0, ended = 0;
    };
    enum class action : unsigned char { none, start, reap };

    [[nodiscard]] twill::time_point time() const { return at(now_); }
    static twill::time_point at(double milliseconds) {
        return twill::time_point{} + std::chrono::duration_cast<twill::duration>(
                                         std::chrono::duration<double, std::milli>(milliseconds));
    }
    static twill::duration length(double milliseconds) {
        return at(milliseconds) - twill::time_point{};
    }
    [[nodiscard]] double since_start(twill::time_point t) const {
        return std::chrono::duration<double, std::milli>(t - twill::time_point{}).count();
    }
    [[nodiscard]] unsigned threads_of(const running& one) const {
        return one.starting ? 1 : list_.jobs[one.job][one.phase].threads;
    }
    [[nodiscard]] bool is_streaming(const running& one) const {
        return one.on_cpu && !one.starting &&
               list_.jobs[one.job][one.phase].what == simulated_phase::kind::memory;
    }
    [[nodiscard]] bool stranger_runs() const {
        return bursts_ && static_cast<long>(now_ / burst) % 2 == 0;
    }
    [[nodiscard]] unsigned wanting() const {
        unsigned all = 0;
        for (const auto& one : running_)
            if (one.on_cpu) all += threads_of(one);
        return all + (stranger_runs() ? 1 : 0);
    }

    void decide(twill_command::job_limit& limit);
    void advance(twill_command::job_limit& limit);
    void next_phase(running& one);
    void finish_action(twill_command::job_limit& limit);
    [[nodiscard]] std::optional<twill_command::scheduled_time> read(pid_t job);
    [[nodiscard]] bool is_on_cpu(pid_t job) const;

    static constexpr double burst = 200;
    const simulated_list& list_;
    bool bursts_;
    double now_ = 0;
    double own_left_ = 0;  // of the runner's action
    action doing_ = action::none;
    double start_began_ = 0;
    std::size_t given_ = 0;
    std::size_t done_ = 0;
    double looking_ = 0;
    std::vector<running> running_;
    std::deque<running> ended_;
    std::priority_queue<double, std::vector<double>, std::greater<>> free_at_;
};

inline std::optional<twill_command::scheduled_time> simulated_machine::read(pid_t job) {
    looking_ += look_cost;
    for (const auto& one : running_)
        if (static_cast<pid_t>(one.job) == job)
            return twill_command::scheduled_time{length(one.ran), length(one.queued)};
    for (const auto& one : ended_)
        if (static_cast<pid_t>(one.job) == job)
            return twill_command::scheduled_time{length(one.ran), length(one.queued)};
    return std::nullopt;
}

inline bool simulated_machine::is_on_cpu(pid_t job) const {
    const auto one = std::ranges::find(running_, static_cast<std::size_t>(job), &running::job);
    return one != running_.end() && one->on_cpu;
}

inline void simulated_machine::decide(twill_command::job_limit& limit) {
    if (doing_ != action::none) return;
    if (!ended_.empty()) {
        doing_ = action::reap;
        own_left_ = end_cost;
    } else if (given_ < list_.jobs.size() && limit.has_room(time(), list_.jobs.size() - given_)) {
        doing_ = action::start;
        own_left_ = start_cost;
        start_began_ = now_;
    }
    own_left_ += std::exchange(looking_, 0);
}

inline void simulated_machine::finish_action(twill_command::job_limit& limit) {
    if (doing_ == action::start) {
        limit.started(static_cast<pid_t>(given_), at(start_began_));
        running_.push_back({.began = start_began_, .job = given_});
        ++given_;
    } else {
        const running one = ended_.front();
        ended_.pop_front();
        twill::call_sample times;
        times.run = length(one.ran);
        times.queued = length(one.queued);
        times.cpu = length(one.cpu);
        times.blocked =
            std::max(time() - at(one.began) - times.run - times.queued, twill::duration::zero());
        limit.ended(static_cast<pid_t>(one.job), at(one.began), time(), times);
        ++done_;
    }
    doing_ = action::none;
}

inline void simulated_machine::next_phase(running& one) {
    const auto& phases = list_.jobs[one.job];
    one.phase = one.starting ? 0 : one.phase + 1;
    one.starting = false;
    if (one.phase == phases.size()) {
        one.ended = now_;
        return;
    }
    const auto& next = phases[one.phase];
    one.left = next.length;
    one.on_cpu =
        next.what == simulated_phase::kind::run || next.what == simulated_phase::kind::memory;
    one.until = now_ + next.length;
    if (next.what == simulated_phase::kind::ask) {
        double begin = now_;
        if (free_at_.size() == list_.servers) {
            begin = std::max(now_, free_at_.top());
            free_at_.pop();
        }
        one.until = begin + next.length;
        free_at_.push(one.until);
    }
}

inline void simulated_machine::advance(twill_command::job_limit& limit) {
    const unsigned all = wanting() + (doing_ != action::none ? 1 : 0);
    const double share = all > cpus ? static_cast<double>(cpus) / all : 1;
    double streams = 0;
    for (const auto& one : running_)
        if (is_streaming(one)) streams += share;
    const double slowed = streams > memory_streams ? memory_streams / streams : 1;
    double step = 1e9;
    for (const auto& one : running_) {
        const double speed = share * (is_streaming(one) ? slowed : 1);
        step = std::min(step, one.on_cpu ? one.left / speed : one.until - now_);
    }
    if (doing_ != action::none)
        step = std::min(step, own_left_ / share);
    else if (given_ < list_.jobs.size() && limit.next_look() != twill::never)
        step = std::min(step, since_start(limit.next_look()) - now_);
    if (bursts_) step = std::min(step, burst * (std::floor(now_ / burst) + 1) - now_);
    step = std::max(step, 1e-6);
    now_ += step;
    if (doing_ != action::none) own_left_ -= step * share;
    for (auto& one : running_) {
        if (!one.on_cpu) continue;
        one.left -= step * share * (is_streaming(one) ? slowed : 1);
        one.ran += step * share;
        one.cpu += step * share * threads_of(one);
        one.queued += step * (1 - share);
    }
    constexpr double nothing = 1e-5;
    for (auto& one : running_)
        if (one.on_cpu ? one.left <= nothing : one.until <= now_ + nothing) next_phase(one);
    for (std::size_t i = 0; i < running_.size();) {
        if (running_[i].ended == 0) {
            ++i;
            continue;
        }
        ended_.push_back(running_[i]);
        running_[i] = running_.back();
        running_.pop_back();
    }
    if (doing_ != action::none && own_left_ <= nothing) finish_action(limit);
}

inline double simulated_machine::run(std::optional<std::size_t> fixed) {
    twill_command::job_limit limit =
        fixed
            ? twill_command::job_limit(*fixed)
            : twill_command::job_limit(cpus, 1024, time(),
                                       {{.times = [this](pid_t job) { return read(job); },
                                         .wants_now = [this](pid_t job) { return is_on_cpu(job); }},
                                        [this]() -> std::optional<double> { return wanting(); }});
    while (done_ < list_.jobs.size()) {
        decide(limit);
        advance(limit);
    }
    return now_;
}

}  // namespace twill_test
