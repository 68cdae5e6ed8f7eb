// Prints the outputs of jobs that have ended, each in one piece.
#pragma once

#include "twill/common/change.hpp"
#include "twill/map/job_log.hpp"
#include "twill/map/job_record.hpp"
#include "twill/map/kept_output.hpp"
#include "twill/map/output_stream.hpp"
#include "twill/map/progress.hpp"

#include <twill/core/task.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace twill_command {

struct printout {
    explicit printout(output_store& store) noexcept : out(store), err(store) {}
    printout(kept_output from_out, kept_output from_err) noexcept
        : out(std::move(from_out)), err(std::move(from_err)) {}

    kept_output out;
    kept_output err;
    std::string tag;                  // before each line of both; may be empty
    std::string note;                 // a line of our own for standard error; may be empty
    std::vector<job_record> records;  // for the log, once this is printed

    [[nodiscard]] bool empty() const noexcept { return out.empty() && err.empty() && note.empty(); }
};

class printer {
public:
    // `in_order`: by number, from 0 on without gaps; else as they come. `printed`: announces that
    // fewer wait. `log`: gets the records of what is printed; may be none.
    printer(bool in_order, progress& line, change& printed, job_log* log)
        : in_order_(in_order), progress_(line), printed_(printed), log_(log) {}

    // What job `number` leaves, once for each job.
    void hand_over(std::uint64_t number, printout what);

    // Outputs that were handed over and are not printed yet.
    [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }

    // No more will be handed over, and what is missing never will; `run` then ends when all is
    // printed.
    void close() noexcept;

    // Prints until `close`. Throws io_error when it cannot be written (EPIPE: nobody reads any
    // more). Cancelled soon, also while a reader is slow.
    twill::task<> run();

private:
    void note(const printout& what);
    twill::task<> print(printout what);
    void note_written(const kept_output& what, const std::string& tag, bool is_error);
    twill::task<> write(const output_stream& to, const kept_output& what, const std::string& tag);
    twill::task<> write(const output_stream& to, std::span<const std::byte> bytes);
    twill::task<> write_kept(const output_stream& to, const kept_output& what,
                             const std::string& tag);

    bool in_order_;
    progress& progress_;
    change& printed_;
    job_log* log_;
    output_stream out_{1, "standard output"};
    output_stream err_{2, "standard error"};
    // By number, or by the order of handing over.
    std::map<std::uint64_t, printout> waiting_;
    std::uint64_t handed_over_ = 0;
    std::uint64_t next_ = 0;
    bool closed_ = false;
    change arrived_;
};

}  // namespace twill_command
