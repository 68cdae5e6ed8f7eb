// SUITE=mixed: requests keep their tail latency while parallel work takes all cores, in one
// process. The peers' servers are in bench/peers and take the same options.

#include "common/suite.hpp"
#include "mixed/experiment.hpp"
#include "mixed/groups.hpp"
#include "mixed/programs.hpp"
#include "mixed/serving.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

std::vector<row> all_rows(const settings& asked) {
    settings how = asked;
    if (how.quick) how.rounds = 1;
    laboratory lab(how);
    using group = std::pair<const char*, std::vector<row> (*)(const settings&, laboratory&)>;
    std::vector<row> rows;
    for (const auto& [name, measured] :
         {group{"rates", rate_rows}, group{"hogs", hog_rows}, group{"foreign", foreign_rows},
          group{"hostile", hostile_rows}, group{"scan", scan_rows}, group{"quota", quota_rows}})
        if (how.wants(name))
            for (row& each : measured(how, lab)) rows.push_back(std::move(each));
    lab.report_disturbances();
    return rows;
}

int run_one(const std::string& name, const words& arguments) {
    if (name == "server")
        run_server(arguments);
    else if (name == "load")
        run_load(arguments);
    else if (name == "hog")
        run_hog();
    else if (name == "spinner")
        run_spinner(static_cast<unsigned>(std::stoul(arguments.at(0))));
    else if (name == "in-group")
        run_in_group(arguments.at(0), {arguments.begin() + 1, arguments.end()});
    else
        return run_single(name, arguments);
    return 0;
}

}  // namespace

int run_single(const std::string& name, const words& given) {
    settings how;
    how.self = std::filesystem::read_symlink("/proc/self/exe");
    const std::vector<server> servers = all_servers(how);
    const auto which = std::find_if(servers.begin(), servers.end(),
                                    [&](const server& each) { return each.word == name; });
    if (which == servers.end()) throw std::runtime_error("there is no server of that name");
    const serving_options options(given);
    experiment what{.job = options.text("--job", "on"),
                    .rate = std::stod(options.text("--rate", "5000")),
                    .seconds = std::stod(options.text("--seconds", "3")),
                    .request = options.text("--request", "echo"),
                    .hogs = std::stoi(options.text("--hogs", "0")),
                    .awake = options.text("--awake", "off") == "on",
                    .quota = std::stod(options.text("--quota", "0"))};
    for (const char* passed_on : {"--lanes", "--watchdog", "--hostile", "--io"})
        if (const std::string value = options.text(passed_on, ""); !value.empty())
            what.options.insert(what.options.end(), {passed_on, value});
    std::cout << describe(laboratory(how).measure(*which, what)) << '\n';
    return 0;
}

}  // namespace twill::inline TWILL_ABI::bench

int main(int argc, char** argv) {
    namespace bench = twill::bench;
    if (argc < 3 || std::string_view(argv[1]) != "run")
        return bench::suite_main(argc, argv, "mixed", bench::all_rows);
    try {
        return bench::run_one(argv[2], {argv + 3, argv + argc});
    } catch (const std::exception& e) {
        std::fprintf(stderr, "twill_bench_mixed run %s: %s\n", argv[2], e.what());
        return 1;
    }
}
