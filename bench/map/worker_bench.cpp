#include "map/worker.hpp"

#include "common/interleave.hpp"
#include "common/program.hpp"
#include "common/words.hpp"
#include "map/numbers.hpp"

#include "../share/worker/twill_worker.h"

#include <utility>

namespace twill::inline TWILL_ABI::bench {
namespace {

// Inputs for each second of CPU time, of twill and its workers together.
metrics measure(const words& argv, const numbers& inputs) {
    metrics all = run_program({.argv = argv, .input = inputs.path()});
    all["items"] = static_cast<double>(inputs.count()) / all.at("cpu_s");
    return all;
}

}  // namespace

std::vector<row> worker_rows(const settings& how, const std::string& command) {
    if (!how.wants("worker")) return {};
    const numbers inputs(how.size(1'000'000));
    const auto contestant_with = [&](std::string name, const words& options) {
        words argv = {command, "map"};
        argv.insert(argv.end(), options.begin(), options.end());
        for (const auto& word :
             {std::string("--"), how.self.string(), std::string("run"), std::string("worker")})
            argv.push_back(word);
        return contestant{.name = std::move(name),
                          .measure = [argv, &inputs] { return measure(argv, inputs); }};
    };
    const std::vector<contestant> all = {
        contestant_with("twill map --worker -j1", {"-j1", "--worker"}),
        contestant_with("with --lengths", {"-j1", "--worker", "--lengths"}),
        contestant_with("with -j2", {"-j2", "--worker"}),
        contestant_with("with -j2 -k", {"-j2", "-k", "--worker"}),
    };
    row rate{.name = "inputs a second of CPU time: workers that stay, 1,000,000",
             .unit = "1/s",
             .direction = better::more};
    rate.targets = {{.against = {}, .bound = 100'000, .binding = true}};
    return {make_row(std::move(rate), "items", interleave(all, how.rounds, "worker"))};
}

int be_worker() {
    std::size_t length = 0;
    while (const char* input = twill_worker_next(&length)) {
        twill_worker_answer(0, input, length, nullptr, 0);
    }
    return 0;
}

}  // namespace twill::inline TWILL_ABI::bench
