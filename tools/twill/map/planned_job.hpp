// What one process is started for: an input, or a batch of them.
#pragma once

#include "twill/map/job_id.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace twill_command {

// An input, and what it is known by.
struct job_name {
    std::uint64_t number;  // of the input, from 1 on
    std::uint64_t turn;    // of its output, from 0 on, without gaps
    job_id id;             // where records are kept
};

struct planned_job {
    std::vector<job_name> names;  // one for each input
    std::vector<std::string> inputs;
    unsigned tries = 0;
};

}  // namespace twill_command
