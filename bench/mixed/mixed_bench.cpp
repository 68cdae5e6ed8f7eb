// SUITE=mixed: requests keep their tail latency while parallel work takes all cores, in one
// process. The peers' servers are in bench/peers and take the same options.

#include "common/suite.hpp"
#include "mixed/experiment.hpp"
#include "mixed/groups.hpp"
#include "mixed/programs.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

std::vector<row> all_rows(const settings& asked) {
    settings how = asked;
    if (how.quick) how.rounds = 1;
    laboratory lab(how);
    const auto in_lab = [&lab](std::vector<row> (*rows)(const settings&, laboratory&)) {
        return [&lab, rows](const settings& with) { return rows(with, lab); };
    };
    std::vector<row> rows = wanted_rows(how, {{"rates", in_lab(rate_rows)},
                                              {"hogs", in_lab(hog_rows)},
                                              {"foreign", in_lab(foreign_rows)},
                                              {"hostile", in_lab(hostile_rows)},
                                              {"scan", in_lab(scan_rows)},
                                              {"reindexing", in_lab(reindexing_rows)},
                                              {"quota", in_lab(quota_rows)}});
    lab.report_disturbances();
    return rows;
}

int run_one(const words& argv) {
    const std::string& name = argv.front();
    const words arguments(argv.begin() + 1, argv.end());
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
    if (which == servers.end()) return 2;
    const named_words options(given);
    experiment what{.job = options.text("--job", "on"),
                    .rate = options.number("--rate", 5000),
                    .seconds = options.number("--seconds", 3),
                    .request = options.text("--request", "echo"),
                    .hogs = static_cast<int>(options.count("--hogs")),
                    .awake = options.text("--awake", "off") == "on",
                    .quota = options.number("--quota", 0)};
    for (const char* passed_on : {"--lanes", "--watchdog", "--hostile", "--io"})
        if (const std::string value = options.text(passed_on, ""); !value.empty())
            what.options.insert(what.options.end(), {passed_on, value});
    std::cout << describe(laboratory(how).measure(*which, what)) << '\n';
    return 0;
}

}  // namespace twill::inline TWILL_ABI::bench

int main(int argc, char** argv) {
    namespace bench = twill::bench;
    return bench::suite_main(argc, argv, "mixed", bench::all_rows, bench::run_one);
}
