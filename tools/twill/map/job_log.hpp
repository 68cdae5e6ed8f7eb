// The log of `twill map`: a line for each job that has ended, by which a later run knows it again.
//
// A line is written once the job's output has been, and (unless told otherwise) both are on the
// disk in that order, so that whatever ends this program or the machine, a job with a line is done.
// The other way round, a job whose line is missing runs again.
#pragma once

#include "twill/common/change.hpp"
#include "twill/map/job_record.hpp"

#include <twill/core/task.hpp>

#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>
#include <unordered_map>

namespace twill_command {

// The file is there, but must not be used so. what(): one line that says why, and the way out.
class unusable_log : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// What the log of earlier runs says.
class job_history {
public:
    job_history() = default;
    // Reads the file, if it is there. A last line without its end was torn when the one who wrote
    // it was killed, and is not believed. Throws io_error, and unusable_log when it is no log.
    explicit job_history(const std::string& path);

    // Whether the job needs no run: the last one ended; or, with `failed_again`, succeeded.
    [[nodiscard]] bool settles(const job_id& job, bool failed_again) const;
    [[nodiscard]] bool knows(const job_id& job) const { return succeeded_.contains(job); }
    [[nodiscard]] bool empty() const noexcept { return succeeded_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return succeeded_.size(); }
    // Bytes of the file up to the end of its last whole line.
    [[nodiscard]] std::size_t length() const noexcept { return length_; }

private:
    std::unordered_map<job_id, bool, job_id_hash> succeeded_;
    std::size_t length_ = 0;
};

class job_log {
public:
    // Opens or makes the file; nobody else can as long as this one has it. `goes_on`: it may hold
    // jobs of earlier runs. `sync_outputs`: brings the outputs of the jobs to the disk, on any
    // thread; empty: nothing needs to reach it, the log neither. Throws io_error, unusable_log.
    job_log(std::string path, bool goes_on, std::function<void()> sync_outputs);
    ~job_log();
    job_log(const job_log&) = delete;
    job_log& operator=(const job_log&) = delete;

    [[nodiscard]] const job_history& earlier() const noexcept { return earlier_; }

    // The job's output was written.
    void add(const job_record& job);
    // Lines that were added and are not in the file yet.
    [[nodiscard]] std::size_t unwritten() const noexcept { return unwritten_; }
    // Announces that there are fewer, or that nothing is written any more.
    change& written() noexcept { return written_; }

    // Writes what is added, at once or, where that brings it to the disk, many lines at a time if
    // they come fast; until `close`. Cancelled soon; `finish` must follow in any case. Throws
    // io_error; nothing is written after that.
    twill::task<> run();
    void close() noexcept;

    // Writes what is left, after `run` has ended in whatever way. Blocks. Throws io_error.
    void finish();

private:
    twill::task<> closing();
    [[nodiscard]] bool waits() const noexcept;
    void write(const std::string& lines);
    void write_out(std::string_view lines);

    std::string path_;
    log_format format_;
    std::function<void()> sync_outputs_;
    int file_ = -1;
    bool is_regular_ = false;
    job_history earlier_;
    std::size_t length_ = 0;
    std::string added_;    // lines
    std::string writing_;  // likewise; those that a thread is writing
    std::size_t unwritten_ = 0;
    bool closed_ = false;
    bool broken_ = false;
    change changed_;
    change written_;
};

}  // namespace twill_command
