// `--results DIR`: a folder for each job, with what it wrote and what it used.
//
//     DIR/INPUT/stdout  DIR/INPUT/stderr  DIR/INPUT/usage.json
//
// A job's folder is made beside the others under another name and moved to its place when it is
// whole: what has its own name is complete, whenever this program is killed.
#pragma once

#include "twill/map/job_record.hpp"
#include "twill/map/kept_output.hpp"

#include <string>
#include <string_view>

namespace twill_command {

// The name of a job's folder: the input, if it is short and has only characters that are harmless
// in a file's name. Others are written as %2F; what is too long is cut, with the job's id behind
// it; the second job of the same kind gets "~2". Different jobs of one command have different
// names.
std::string results_name(std::string_view input, const job_id& job);

class results_folder {
public:
    // Makes the folder where it is missing. Throws io_error.
    explicit results_folder(std::string path);
    ~results_folder();
    results_folder(const results_folder&) = delete;
    results_folder& operator=(const results_folder&) = delete;

    // Removes what an earlier run left unfinished, before the first `write`. Throws io_error, and
    // unusable_log when another run writes here.
    void begin();

    // Writes one job's folder, over that of an earlier try. Blocks. Any thread, one at a time for
    // each job. Throws io_error; then the old folder is as it was.
    void write(const job_record& job, const kept_output& out, const kept_output& err) const;

    // All that was written so far is on the disk when this returns. Blocks. Any thread. Throws
    // io_error.
    void sync() const;

    // Where the log is, if the user does not say.
    static std::string log_in(const std::string& path) { return path + "/joblog"; }

private:
    void put_in_place(const std::string& unfinished, const std::string& name) const;

    std::string path_;
    int folder_ = -1;
    bool begun_ = false;
};

}  // namespace twill_command
