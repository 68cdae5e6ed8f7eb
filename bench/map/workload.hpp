// The lists of jobs that `twill map -j auto` is tried on.
#pragma once

#include <twill/core/config.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace twill::inline TWILL_ABI::bench {

// Something that the jobs of a list need while they run.
class surroundings {
public:
    virtual ~surroundings() = default;
};

// Each job is one argument of the program bench/map/job.
struct job_list {
    std::vector<std::string> jobs;
    std::shared_ptr<surroundings> needs = {};
};

struct workload {
    std::string name;
    // Makes files in an empty folder, starts servers, ... as far as the list needs them.
    std::function<job_list(const std::filesystem::path& folder)> make;
    double bound = 1.10;  // of the time with -j auto over that with the best number
};

// Ten lists, with lengths drawn from a fixed seed; each takes a second or less with the best
// number. `share`: of their full size.
std::vector<workload> all_workloads(double share);

}  // namespace twill::inline TWILL_ABI::bench
