// The group about a service (examples/search) that reads all of its files again while it is asked.

#include "common/scratch_folder.hpp"
#include "mixed/groups.hpp"
#include "mixed/plan.hpp"

#include <twill/core/random.hpp>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace twill::inline TWILL_ABI::bench {
namespace {

constexpr const char* still = "files as they were";
constexpr const char* changing = "files change";
constexpr const char* alone = "nobody asks";
constexpr const char* title = " of a search while the service reads all files again, 100/s";

// Files of 8 KiB with words. What is looked for is in one of 200.
class texts {
public:
    explicit texts(long files) {
        random_source dice(19);
        for (long i = 0; i < files; ++i) {
            std::ofstream file(folder_ / ("text-" + std::to_string(i)));
            for (int line = 0; line < 128; ++line) {
                std::string words;
                while (words.size() < 60) words += std::to_string(dice.below(100'000)) + " words ";
                if (i % 200 == 0 && line == 64) words += "needle";
                file << words << '\n';
            }
            if (!file.flush()) throw std::runtime_error("cannot write in " + folder());
        }
    }

    [[nodiscard]] std::string folder() const { return folder_.path(); }

private:
    scratch_folder folder_;
};

}  // namespace

std::vector<row> reindexing_rows(const settings& how, laboratory& lab) {
    const auto program = how.self.parent_path() / "twill_bench_search";
    row p99{.name = std::string("p99") + title, .unit = "us"};
    if (!std::filesystem::exists(program)) {
        p99.peers = {{.name = "examples/search", .rounds = {}, .absent = "it was not built"}};
        return {p99};
    }
    const texts all_texts(how.size(5000));
    const server service{
        .name = "search", .word = "search", .argv = {program, "run", "reindexing"}};
    experiment what{.rate = 100,
                    .seconds = 6,
                    .request = "search",
                    .options = {"--folder", all_texts.folder()}};
    plan all;
    all.add(still, service, what);
    what.job = "on";
    all.add(changing, service, what);
    what.rate = 0;
    all.add(alone, service, what);
    const outcome seen = all.carry_out(how, lab, "reindexing");
    const auto fill = [&](row line, const char* metric, const char* beside) {
        line.ours = seen.of(changing, metric).rounds;
        line.peers = {seen.of(beside, metric)};
        return line;
    };
    return {
        fill(std::move(p99), "p99_us", still),
        fill({.name = std::string("p50") + title, .unit = "us"}, "p50_us", still),
        fill(
            {.name = "files that it reads meanwhile", .unit = "files/s", .direction = better::more},
            "rows_per_s", alone)};
}

}  // namespace twill::inline TWILL_ABI::bench
