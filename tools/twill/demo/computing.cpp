#include "twill/demo/computing.hpp"

#include "twill/common/quiet_options.hpp"
#include "twill/demo/lanes.hpp"
#include "twill/demo/median.hpp"
#include "twill/demo/words.hpp"

#include <fmt/format.h>
#include <twill/async/map.hpp>
#include <twill/core/sleep.hpp>
#include <twill/io/file.hpp>
#include <twill/par/for_each.hpp>
#include <twill/runtime/usable_cpus.hpp>
#include <twill/trace/recorder.hpp>
#include <twill/trace/span.hpp>

#include <algorithm>
#include <stdexcept>

namespace twill_command::demo {
namespace {

using namespace std::chrono_literals;
using paths = std::vector<std::string>;

void count_traced(const std::string& path, word_counts& counts) {
    const twill::trace::span shown("count a file");
    count_file(path, counts);
}

word_counts one_by_one(const paths& files) {
    word_counts counts;
    for (const auto& each : files) count_traced(each, counts);
    return counts;
}

// Tasks that take turns on one thread: in progress at the same time, but never running so.
word_counts concurrent(const paths& files) {
    word_counts counts;
    twill::run(quiet_options(), [&] {
        return twill::map(files, [&](const std::string& path) -> twill::task<> {
            co_await twill::yield();
            count_traced(path, counts);
        });
    });
    return counts;
}

word_counts parallel(const paths& files) {
    counters all;
    twill::par::for_each(files, [&](const std::string& path) {
        all.with_one([&](word_counts& mine) { count_traced(path, mine); });
    });
    return all.merged();
}

// Files are read by tasks while others are counted by the cores.
word_counts both(const paths& files) {
    counters all;
    twill::run(quiet_options(), [&] {
        return twill::map(files,
                          [&](const std::string& path) -> twill::task<> {
                              const std::string text = co_await twill::read_file(path);
                              co_await twill::compute([&] {
                                  all.with_one([&](word_counts& mine) {
                                      const twill::trace::span shown("count a file");
                                      count_words(text, mine);
                                  });
                              });
                          },
                          {.limit = 16});
    });
    return all.merged();
}

struct way {
    const char* name;
    const char* short_name;
    word_counts (*count)(const paths&);
    std::vector<double> seconds{};  // of each round
    word_counts counts{};

    [[nodiscard]] double typical() const { return median(seconds); }
};

constexpr twill::duration shown_window = 400ms;

void measure(way& of, const paths& files) {
    const auto began = twill::now();
    of.counts = of.count(files);
    of.seconds.push_back(std::chrono::duration<double>(twill::now() - began).count());
}

void show(way& of, const paths& files, twill::trace::timeline& picture) {
    constexpr std::size_t events = 1U << 15U;
    const twill::trace::recorder recorder({.events_per_thread = events});
    const auto began = twill::now();
    of.counts = of.count(files);
    add_lanes(picture, of.short_name, recorder.take(), began, shown_window);
}

std::uint64_t total(const word_counts& counts) {
    std::uint64_t sum = 0;
    for (const auto& [word, count] : counts) sum += count;
    return sum;
}

std::string verdict_on(const way (&ways)[4]) {
    const double plain = ways[0].typical();
    const unsigned cpus = twill::usable_cpus();
    return fmt::format(
        "The work is computing: {} core{} made it {:.1f} times faster. Tasks that take turns on "
        "one "
        "thread did not help ({:.1f} times), and both together gave {:.1f} times: there was "
        "nothing "
        "to wait for.",
        cpus, cpus == 1 ? "" : "s", plain / ways[2].typical(), plain / ways[1].typical(),
        plain / ways[3].typical());
}

}  // namespace

row computing(const corpus& files, const sizes& how_much) {
    way ways[] = {{"one by one", "one by one", one_by_one},
                  {"concurrent (one thread)", "concurrent", concurrent},
                  {"parallel (a thread a core)", "parallel", parallel},
                  {"both", "both", both}};
    row result{.id = "computing"};
    // These also fill the page cache: all ways are measured on files in memory.
    for (way& each : ways) show(each, files.paths, result.picture);
    for (unsigned round = 0; round < how_much.counting_rounds; ++round)
        for (way& each : ways) measure(each, files.paths);
    for (const way& each : ways)
        if (each.counts != ways[0].counts)
            throw std::runtime_error(fmt::format(
                "count words: \"{}\" and \"{}\" disagree; did files in {} change meanwhile?",
                each.name, ways[0].name, files.folder));

    result.title =
        fmt::format("word frequencies of {} files ({:.0f} MB, {} words)", files.paths.size(),
                    static_cast<double>(files.bytes) / 1e6, total(ways[0].counts));
    for (const way& each : ways) result.columns.push_back({each.name, each.typical(), "s", "", {}});
    result.verdict = verdict_on(ways);
    result.picture.title = "Computing: who counted words in the first 0.4 s";
    result.picture.caption =
        "A lane is a thread. Tasks on one thread fill one lane, however many they are; only more "
        "threads on more cores count more at a time.";
    return result;
}

}  // namespace twill_command::demo
