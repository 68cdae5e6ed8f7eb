// One worker that stays: a process that gets one input after the other over a pipe, and answers
// each.
//
// Inputs that take little time are sent ahead, so that neither side waits for the other after each;
// it answers them in their order. Its tasks, until one of them ends the others:
//   feed        sends inputs; when there are no more, ends the worker's standard input, and stops
//   it
//               if it does not go then
//   read        takes its answers
//   collect     what it writes to standard error, for the answer that is being made
//   watch_time  stops it when an answer takes longer than allowed
//   watch_end   notes its end
#pragma once

#include "twill/common/change.hpp"
#include "twill/map/job.hpp"
#include "twill/map/kept_output.hpp"
#include "twill/map/launcher.hpp"
#include "twill/map/planned_job.hpp"
#include "twill/map/time_limit.hpp"
#include "twill/map/worker_protocol.hpp"

#include <twill/core/scope.hpp>
#include <twill/core/task.hpp>
#include <twill/core/time.hpp>

#include <cstddef>
#include <deque>
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
};

// What workers have in common: where inputs come from and answers go.
class worker_desk {
public:
    // At most `most` inputs that wait to be answered; none: there are none now.
    virtual std::vector<planned_job> take(std::size_t most) = 0;
    // Whether there will be none any more.
    [[nodiscard]] virtual bool is_finished() const = 0;
    // Announces that one of these may have changed.
    virtual change& changed() = 0;
    // How many inputs one worker may have.
    [[nodiscard]] virtual std::size_t window() const = 0;
    // A worker has written to standard error, apart from its answers.
    virtual void note_error_output() = 0;
    // `count` answers came after this time.
    virtual void note_time(std::size_t count, twill::duration took) = 0;
    // How many workers have something to do, by one more or less.
    virtual void note_busy(bool busy) = 0;
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
    twill::task<> collect();
    [[nodiscard]] twill::time_point deadline_for(const answer& one, twill::duration allowed) const;
    twill::task<> watch_time(twill::scope_ref all);
    twill::task<> watch_end(twill::scope_ref all);
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
    bool keeping_errors_ = false;  // of the first of them, in a file
    bool taking_ = false;          // an answer is being handed over
    bool ended_ = false;           // the process
    change stirred_;               // one of the three has changed
    bool timed_out_ = false;
    std::string problem_;
    twill::exit_status status_;
};

}  // namespace twill_command
