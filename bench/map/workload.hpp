// The lists of jobs that `twill map -j auto` is tried on.
#pragma once

#include <twill/core/config.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace twill::inline TWILL_ABI::bench {

// What a job does, in one word, which is the input of `twill map`: "cpu:20", "sleep:50", ...
// (milliseconds), "read:PATH", "ask:PORT". Gives the status of the process.
int do_job(const std::string& what);

// Something that the jobs of a list need while they run.
class surroundings {
public:
    virtual ~surroundings() = default;
};

struct workload {
    std::string name;
    std::vector<std::string> jobs;
    std::shared_ptr<surroundings> needs = {};
    double bound = 1.10;  // of the time with -j auto over that with the best number
};

// Ten lists, with lengths drawn from a fixed seed. `folder`: for files that are read. `share`: of
// their full size.
std::vector<workload> all_workloads(const std::filesystem::path& folder, double share);

}  // namespace twill::inline TWILL_ABI::bench
