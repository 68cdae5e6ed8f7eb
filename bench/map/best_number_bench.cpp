#include "map/best_number.hpp"

#include "common/interleave.hpp"
#include "common/program.hpp"
#include "map/workload.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <utility>

namespace twill::inline TWILL_ABI::bench {
namespace {

namespace fs = std::filesystem;

class scratch {
public:
    scratch() : path_(fs::temp_directory_path() / ("twill-bench-j-" + std::to_string(getpid()))) {
        fs::create_directories(path_ / "files");
    }
    ~scratch() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    scratch(const scratch&) = delete;
    scratch& operator=(const scratch&) = delete;
    [[nodiscard]] fs::path operator/(const char* name) const { return path_ / name; }

private:
    fs::path path_;
};

class timed_list {
public:
    timed_list(const settings& how, std::string command, const workload& what, const fs::path& list)
        : self_(how.self), command_(std::move(command)), list_(list) {
        std::ofstream file(list);
        for (const auto& each : what.jobs) file << each << '\n';
    }
    [[nodiscard]] metrics with(const std::string& at_once) const {
        return run_program(
            {.argv = {command_, "map", "-j", at_once, "--", self_, "run", "job"}, .input = list_});
    }
    [[nodiscard]] double seconds(unsigned at_once) const {
        return with(std::to_string(at_once)).at("wall_s");
    }

private:
    std::string self_;
    std::string command_;
    std::string list_;
};

// From many on down, until fewer are far worse; then between the best and its neighbours.
unsigned search(const timed_list& list) {
    std::map<unsigned, double> known;
    const auto best = [&] {
        return std::ranges::min_element(known, {}, &std::pair<const unsigned, double>::second);
    };
    for (unsigned at_once = 256; at_once >= 1; at_once /= 2) {
        known[at_once] = list.seconds(at_once);
        if (known[at_once] > 2.5 * best()->second) break;
    }
    const unsigned middle = best()->first;
    for (const unsigned at_once : {middle * 3 / 2, middle * 3 / 4, middle + 1, middle - 1})
        if (at_once > 0 && !known.contains(at_once)) known[at_once] = list.seconds(at_once);
    // Chance must not choose: those that are as good as the best, once more.
    const double good = 1.1 * best()->second;
    for (auto& [at_once, took] : known)
        if (took <= good) took = (took + list.seconds(at_once)) / 2;
    return best()->first;
}

row measure(const settings& how, const std::string& command, const workload& what,
            const fs::path& folder) {
    const timed_list list(how, command, what, folder);
    const std::string chosen = std::to_string(search(list));
    std::fprintf(stderr, "%s: the best is -j %s\n", what.name.c_str(), chosen.c_str());
    const std::vector<contestant> all = {
        {.name = "twill map", .measure = [&] { return list.with("auto"); }},
        {.name = "best fixed -j", .measure = [&] { return list.with(chosen); }},
    };
    row made{.name = "-j auto: " + what.name + ", best -j " + chosen, .unit = "s"};
    made.targets = {{.against = "best fixed -j", .bound = what.bound, .binding = true}};
    return make_row(std::move(made), "wall_s", interleave(all, how.rounds, what.name));
}

}  // namespace

std::vector<row> best_number_rows(const settings& how, const std::string& twill_command) {
    const scratch folder;
    std::vector<row> rows;
    for (const workload& each : all_workloads(folder / "files", how.quick ? 0.1 : 1))
        if (how.wants("-j auto: " + each.name))
            rows.push_back(measure(how, twill_command, each, folder / "list"));
    return rows;
}

}  // namespace twill::inline TWILL_ABI::bench
