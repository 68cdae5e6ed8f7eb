// One worker that stays: a process that gets one input after the other over a pipe, and answers
// each.
//
// Inputs that take little time are sent ahead, so that neither side waits for the other after each;
// it answers them in their order. Its tasks, until one of them ends the others:
//   feed        sends inputs; when there are no more, ends the worker's standard input, and stops
//               it if it does not go then
//   read        takes its answers
//   collect     what it writes to standard error, for the answer that is being made
//   watch_time  stops it when an answer takes longer than allowed
//   watch_end   notes its end
//   watch_first_answer  finds out that it may be no worker at all
#pragma once

#include "twill/common/change.hpp"
#include "twill/map/job.hpp"
#include "twill/map/kept_output.hpp"
#include "twill/map/launcher.hpp"
#include "twill/map/planned_job.hpp"
#include "twill/map/time_limit.hpp"
#include "twill/map/worker_meter.hpp"
#include "twill/map/worker_protocol.hpp"

#include <twill/core/scope.hpp>
#include <twill/core/task.hpp>
#include <twill/core/time.hpp>
#include <twill/runtime/adaptive_controller.hpp>

#include <sys/types.h>

#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace twill_command {

// An input that a worker has, and what it has answered so far.
struct answer {
    planned_job what;
    twill::time_point began;
    job_result result;
    std::size_t slot;                // of the worker
    twill::duration stopped_before;  // what `time_limit::stopped` was when it began
    // What was measured of it alone.
    std::optional<twill::call_sample> times{};
};

// A worker has something to do, as long as nothing is measured in between (see `worker_meter`).
struct worker_turn {
    pid_t process = -1;
    twill::time_point began{};
    bool is_first = false;    // of the process
    std::size_t inputs = 0;   // that it had
    std::size_t answers = 0;  // of them
    std::size_t beside = 1;   // so many workers had something to do, with itself
};

// Of inputs that a worker has and others that are sent ahead: as much as a pipe holds.
inline constexpr std::size_t most_bytes_ahead = 65536;

// What workers have in common: where inputs come from and answers go.
class worker_desk {
public:
    // At most `most` inputs that wait to be answered, and no more than one beyond
    // `most_bytes_ahead`; none: there are none now.
    virtual std::vector<planned_job> take(std::size_t most) = 0;
    // Whether there will be none any more.
    [[nodiscard]] virtual bool is_finished() const = 0;
    // Announces that one of these may have changed.
    virtual change& changed() = 0;
    // How many inputs one worker may have.
    [[nodiscard]] virtual std::size_t window() const = 0;
    // A worker has written to standard error, apart from its answers.
    virtual void note_error_output() = 0;
    // Its first seconds are over; it has written so many bytes, and ended no answer.
    virtual void note_no_answer(std::size_t bytes) = 0;
    // `count` answers came after this time; the first of a process, since its start.
    virtual void note_time(std::size_t count, twill::duration took, bool first) = 0;
    // Whether some wait.
    [[nodiscard]] virtual bool has_inputs() const = 0;
    // Whether one more worker may have something to do.
    [[nodiscard]] virtual bool has_room() = 0;
    // Whether anybody wants to know what was measured.
    [[nodiscard]] virtual bool measures() const = 0;
    // Of a process that had done so much before.
    virtual void begin_turn(worker_turn& turn, const scheduled_time& before) = 0;
    virtual void end_turn(const worker_turn& turn, twill::time_point now,
                          const std::optional<twill::call_sample>& times) = 0;
    // An answer is complete.
    virtual twill::task<> answered(answer whole) = 0;

protected:
    ~worker_desk() = default;
};

class worker {
public:
    // What is referred to must outlive it.
    worker(attempt process, worker_protocol protocol, const std::string& mark,
           const time_limit& limit, output_store& store, worker_desk& desk);

    // Until the process has ended, and its group too. Cancelled: it was stopped when this throws.
    twill::task<> live();

    // What was sent and not answered, in its order, after `live`. The first one was being worked
    // on. Its result says how the process ended.
    [[nodiscard]] std::deque<answer>& unanswered() noexcept { return unanswered_; }
    // What was wrong with the end of the process, in words; empty: nothing.
    [[nodiscard]] std::string complaint() const;

private:
    twill::task<> work();
    twill::task<> feed(twill::scope_ref all);
    twill::task<> send(std::vector<planned_job> jobs);
    twill::task<> read(twill::scope_ref all);
    twill::task<bool> take_answers();
    twill::task<> end_answer(int status, twill::time_point now);
    [[nodiscard]] bool may_take();
    [[nodiscard]] bool has_enough(std::size_t window) const noexcept;
    void begin_turn(twill::time_point now);
    std::optional<twill::call_sample> end_turn(twill::time_point now);
    // A clock that stands still while all jobs are stopped.
    [[nodiscard]] twill::time_point working_time(twill::time_point now) const noexcept {
        return now - limit_.stopped();
    }
    twill::task<> collect();
    [[nodiscard]] twill::time_point deadline_for(const answer& one, twill::duration allowed) const;
    twill::task<> watch_time(twill::scope_ref all);
    twill::task<> watch_end(twill::scope_ref all);
    twill::task<> watch_first_answer();
    twill::task<> kill_slowly();
    twill::task<> end_all(twill::scope_ref all);
    twill::task<> until_ended();
    twill::task<> gather_errors();
    void drain_errors();
    void add_errors_without_job(std::span<const std::byte> bytes);
    static twill::task<> keep(kept_output& into, std::span<const std::byte> bytes);

    attempt process_;
    worker_protocol protocol_;
    const time_limit& limit_;
    output_store& store_;
    worker_desk& desk_;
    answer_parser parser_;
    std::deque<answer> unanswered_;
    std::size_t unanswered_bytes_ = 0;
    worker_meter meter_;
    worker_turn turn_;
    bool has_answered_ = false;
    std::size_t written_ = 0;      // bytes, by the worker
    bool is_to_rest_ = false;      // others are to have their turn
    bool keeping_errors_ = false;  // of the first of them, in a file
    bool taking_ = false;          // an answer is being handed over
    bool ended_ = false;           // the process
    change stirred_;               // one of the three has changed
    bool timed_out_ = false;
    std::string problem_;
    twill::exit_status status_;
};

}  // namespace twill_command
