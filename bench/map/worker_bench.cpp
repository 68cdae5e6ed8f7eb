#include "map/worker.hpp"

#include "common/interleave.hpp"
#include "common/program.hpp"
#include "common/words.hpp"

#include "../share/worker/twill_worker.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace twill::inline TWILL_ABI::bench {
namespace {

namespace fs = std::filesystem;

// Lines with the numbers from 1 to `count`.
class input_file {
public:
    explicit input_file(long count)
        : count_(count),
          path_(fs::temp_directory_path() / ("twill-bench-worker-" + std::to_string(getpid()))) {
        std::ofstream file(path_);
        for (long i = 1; i <= count; ++i) file << i << '\n';
        if (!file.flush()) throw std::runtime_error("could not write " + path_.string());
    }
    ~input_file() {
        std::error_code ignored;
        fs::remove(path_, ignored);
    }
    input_file(const input_file&) = delete;
    input_file& operator=(const input_file&) = delete;

    // Inputs for each second of CPU time, of twill and its workers together.
    [[nodiscard]] metrics measure(const words& argv) const {
        metrics all = run_program({.argv = argv, .input = path_});
        all["items"] = static_cast<double>(count_) / all.at("cpu_s");
        return all;
    }

private:
    long count_;
    fs::path path_;
};

}  // namespace

std::vector<row> worker_rows(const settings& how, const std::string& command) {
    if (!how.wants("worker")) return {};
    const input_file inputs(how.size(1'000'000));
    const auto contestant_with = [&](std::string name, const words& options) {
        words argv = {command, "map"};
        argv.insert(argv.end(), options.begin(), options.end());
        for (const auto& word :
             {std::string("--"), how.self.string(), std::string("run"), std::string("worker")})
            argv.push_back(word);
        return contestant{.name = std::move(name),
                          .measure = [argv, &inputs] { return inputs.measure(argv); }};
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
