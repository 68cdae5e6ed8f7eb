#include "map/best_number.hpp"

#include "common/interleave.hpp"
#include "common/program.hpp"
#include "common/scratch_folder.hpp"
#include "map/workload.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <map>
#include <optional>
#include <utility>

namespace twill::inline TWILL_ABI::bench {
namespace {

namespace fs = std::filesystem;

class timed_list {
public:
    // `stay`: the jobs are done by workers that stay.
    timed_list(std::string job, std::string command, const job_list& what, const fs::path& list,
               bool stay)
        : job_(std::move(job)), command_(std::move(command)), list_(list), stay_(stay) {
        std::ofstream file(list);
        for (const auto& each : what.jobs) file << each << '\n';
    }
    [[nodiscard]] metrics with(const std::string& at_once) const {
        std::vector<std::string> words = {command_, "map", "-j", at_once};
        if (stay_) words.emplace_back("--worker");
        words.insert(words.end(), {"--", job_});
        if (stay_) words.emplace_back("worker");
        return run_program({.argv = std::move(words), .input = list_});
    }
    [[nodiscard]] double seconds(unsigned at_once) const {
        return with(std::to_string(at_once)).at("wall_s");
    }

private:
    std::string job_;
    std::string command_;
    std::string list_;
    bool stay_;
};

// From many on down, until fewer are far worse; then between the best and its neighbours.
unsigned search(const timed_list& list) {
    std::map<unsigned, double> known;
    const auto best = [&] {
        return std::ranges::min_element(known, {}, &std::pair<const unsigned, double>::second);
    };
    for (unsigned at_once = 256; at_once >= 1; at_once /= 2) {
        known[at_once] = list.seconds(at_once);
        if (known[at_once] > 1.8 * best()->second) break;
    }
    const unsigned middle = best()->first;
    for (const unsigned at_once : {middle * 3 / 2, middle * 3 / 4, middle + 1, middle - 1})
        if (at_once > 0 && !known.contains(at_once)) known[at_once] = list.seconds(at_once);
    // Chance must not choose: the best ones, twice more.
    std::vector<std::pair<double, unsigned>> order;
    for (const auto& [at_once, took] : known) order.emplace_back(took, at_once);
    std::ranges::sort(order);
    constexpr std::size_t finalists = 4;
    order.resize(std::min(order.size(), finalists));
    for (auto& [took, at_once] : order)
        took = (took + list.seconds(at_once) + list.seconds(at_once)) / 3;
    for (const auto& [at_once, took] : known)
        std::fprintf(stderr, "    -j %u: %.3f s\n", at_once, took);
    return std::ranges::min_element(order)->second;
}

struct place {
    std::string twill;  // the command
    std::string job;    // the program that the lists run
    fs::path files;
    fs::path list;
    bool stay;  // see `timed_list`
};

row measure(const settings& how, const place& here, const workload& what, const std::string& name) {
    const job_list jobs = what.make(here.files);
    const timed_list list(here.job, here.twill, jobs, here.list, here.stay);
    const std::string chosen = std::to_string(search(list));
    std::fprintf(stderr, "%s: the best is -j %s\n", name.c_str(), chosen.c_str());
    const std::vector<contestant> all = {
        {.name = "twill map", .measure = [&] { return list.with("auto"); }},
        {.name = "best fixed -j", .measure = [&] { return list.with(chosen); }},
    };
    row made{.name = name + ", best -j " + chosen, .unit = "s"};
    made.targets = {{.against = "best fixed -j",
                     .bound = here.stay ? 1.10 : what.bound,
                     .binding = !here.stay}};
    return make_row(std::move(made), "wall_s", interleave(all, how.rounds, what.name));
}

}  // namespace

std::vector<row> best_number_rows(const settings& how, const std::string& twill_command) {
    const fs::path job = how.self.parent_path() / "twill_bench_map_job";
    struct condition {
        const char* name;
        bool bursts = false;
        bool stay = false;
    };
    std::vector<row> rows;
    for (const condition& here :
         {condition{"-j auto: "}, condition{"-j auto beside bursts: ", true},
          condition{"-j auto --worker: ", false, true}}) {
        for (const workload& each : all_workloads(how.quick ? 0.1 : 1)) {
            const std::string name = here.name + each.name;
            if (!how.wants(name)) continue;
            std::optional<running_program> stranger;
            // It takes one CPU for 200 ms, and leaves it for as long.
            if (here.bursts) stranger.emplace(program{.argv = {job, "bursts:200"}});
            const scratch_folder folder("/var/tmp");  // on a disk
            fs::create_directories(folder / "files");
            rows.push_back(
                measure(how, {twill_command, job, folder / "files", folder / "list", here.stay},
                        each, name));
        }
    }
    return rows;
}

}  // namespace twill::inline TWILL_ABI::bench
