// SUITE=par: parallel work beside the peers and beside plain serial code. The peers' programs are
// in bench/peers and take the same arguments.

#include "common/program.hpp"
#include "common/suite.hpp"
#include "par/groups.hpp"
#include "par/programs.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

std::vector<row> all_rows(const settings& how) {
    return wanted_rows(how, {{"fib", fib_rows},
                             {"kernels", kernel_rows},
                             {"one-worker", one_worker_rows},
                             {"loops", loop_rows},
                             {"sort", sort_rows},
                             {"data", data_rows},
                             {"bandwidth", bandwidth_rows},
                             {"regions", region_rows},
                             {"wake", wake_rows},
                             {"idle", idle_rows}});
}

int run_one(const words& argv) {
    const std::string& name = argv.at(0);
    const auto number = [&](std::size_t i) { return std::stoi(argv.at(i)); };
    if (name == "twill" || name == "plain" || name == "serial")
        return run_twill_kernel(name, argv.at(1), number(2), static_cast<unsigned>(number(3))) ? 0
                                                                                               : 2;
    if (name == "pool" || name == "split")
        return run_twill_pool(name, argv.at(1), std::stod(argv.at(2))) ? 0 : 2;
    if (name == "bandwidth" || name == "stream")
        return run_bandwidth(name, argv.at(1), std::stoul(argv.at(2))) ? 0 : 2;
    if (name == "data" || name == "serial-data")
        return run_data(name, argv.at(1), std::stoul(argv.at(2))) ? 0 : 2;
    if (name == "fib")
        run_fib(number(1));
    else if (name == "loop")
        run_loops(argv.at(1));
    else
        return 2;
    return 0;
}

}  // namespace

std::vector<measurements> measure(const settings& how, const peer& ours,
                                  const std::vector<peer>& peers, const words& arguments,
                                  std::optional<unsigned> cpu) {
    const auto run = [=](words argv) {
        return [=, argv = std::move(argv)] { return run_program({.argv = argv, .cpu = cpu}); };
    };
    std::vector<contestant> all = {
        {.name = ours.name, .measure = run(words{how.self, "run"} + ours.first + arguments)}};
    for (const peer& each : peers) {
        const bool is_ours = each.program == std::string_view(ours.program);
        const auto program = how.peers / "bin" / each.program;
        const words argv = is_ours ? words{how.self, "run"} : words{program};
        contestant next{.name = each.name,
                        .measure = run(argv + each.first + arguments),
                        .most_rounds = each.most_rounds};
        if (*each.absent != '\0')
            next.absent = each.absent;
        else if (!is_ours && !std::filesystem::exists(program))
            next.absent = "scripts/bench-peers did not make it";
        all.push_back(std::move(next));
    }
    return interleave(all, how.rounds, ours.name + (" " + arguments.front()));
}

}  // namespace twill::inline TWILL_ABI::bench

int main(int argc, char** argv) {
    namespace bench = twill::bench;
    return bench::suite_main(argc, argv, "par", bench::all_rows, bench::run_one);
}
