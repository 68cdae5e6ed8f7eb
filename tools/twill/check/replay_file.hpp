// A schedule that fails, as a file: a few lines of text that a replay reads.
//
//     twill-replay 1
//     program ./bank 3
//     finding deadlock: no thread can go on
//     schedule 0:3 1:7 0:5 2:4
//
// Only the first and the last line matter; the others are for who finds the file.
#pragma once

#include <string>
#include <vector>

namespace twill_command::check {

struct replay {
    std::string program;  // as a shell would take it
    std::string finding;
    std::string schedule;
};

// Gives the path, or "" when nothing can be written there.
std::string save(const replay& what, const std::string& path);

// `given`: a file's name, or a schedule itself. Throws start_failure.
std::string load_schedule(const std::string& given);

}  // namespace twill_command::check
