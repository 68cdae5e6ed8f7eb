#include "twill/demo/mixed.hpp"

#include "twill/demo/lanes.hpp"
#include "twill/demo/load_generator.hpp"
#include "twill/demo/median.hpp"
#include "twill/demo/rivals.hpp"

#include <fmt/format.h>
#include <twill/trace/recorder.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <thread>

namespace twill_command::demo {
namespace {

using namespace std::chrono_literals;

// The texts in pieces of about a millisecond's work, all in memory: the row is about CPU and
// sockets.
std::vector<std::string> pieces_of(const corpus& files) {
    constexpr std::size_t piece = 64U << 10U;
    constexpr std::size_t enough = 16U << 20U;
    std::vector<std::string> pieces(1);
    std::size_t bytes = 0;
    for (const auto& path : files.paths) {
        std::ifstream file(path, std::ios::binary);
        const std::string text(std::istreambuf_iterator<char>(file), {});
        for (std::size_t at = 0; at < text.size(); at += piece) {
            if (pieces.back().size() >= piece) pieces.emplace_back();
            pieces.back().append(text, at, piece);
        }
        bytes += text.size();
        if (bytes >= enough) break;
    }
    return pieces;
}

// What the rounds gave for one service.
struct measured {
    std::vector<latencies> off{};
    std::vector<latencies> on{};
    std::vector<double> work_kept{};  // share of the work done alone that is done beside requests
};

constexpr twill::duration shown_window = 25ms;

double count_alone(echo_and_count& service, double seconds) {
    service.start_counting();
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    return service.stop_counting();
}

// The load alone, then beside the counting; the counting alone before and after.
void measure(measured& found, echo_and_count& service, const load& what) {
    found.off.push_back(generate(what, service.address()));
    const double before = count_alone(service, what.seconds / 3);
    service.start_counting();
    found.on.push_back(generate(what, service.address()));
    const double beside = service.stop_counting();
    const double after = count_alone(service, what.seconds / 3);
    if (before + after > 0) found.work_kept.push_back(2 * beside / (before + after));
}

// A moment of the load beside the counting, for the picture.
void show(echo_and_count& service, const std::string& name, load what,
          twill::trace::timeline& picture) {
    what.seconds = std::min(what.seconds, 0.5);
    service.start_counting();
    std::jthread watcher([&] {
        std::this_thread::sleep_for(std::chrono::duration<double>(what.seconds / 2));
        const twill::trace::recorder recorder;
        const auto began = twill::now();
        std::this_thread::sleep_for(2 * shown_window);
        add_lanes(picture, name, recorder.take(), began, shown_window);
    });
    generate(what, service.address());
    watcher.join();
    service.stop_counting();
}

latencies typical(const std::vector<latencies>& rounds) {
    const auto middle = [&](double latencies::* figure) {
        std::vector<double> all;
        for (const auto& each : rounds) all.push_back(each.*figure);
        return median(std::move(all));
    };
    latencies made = rounds.front();
    made.p50_us = middle(&latencies::p50_us);
    made.p99_us = middle(&latencies::p99_us);
    made.p999_us = middle(&latencies::p999_us);
    for (std::size_t i = 1; i < rounds.size(); ++i) {
        made.answered += rounds[i].answered;
        made.unanswered += rounds[i].unanswered;
    }
    return made;
}

column column_of(const std::string& name, const latencies& seen, double work_kept) {
    column made{name,
                seen.p99_us,
                "us p99",
                fmt::format("p50 {:.0f}, p99.9 {:.0f}", seen.p50_us, seen.p999_us),
                {{"p50_us", seen.p50_us}, {"p99_us", seen.p99_us}, {"p999_us", seen.p999_us}}};
    if (seen.unanswered > 0) made.note += fmt::format(", {} unanswered", seen.unanswered);
    if (work_kept > 0) {
        made.note += fmt::format(", work kept {:.0f} %", work_kept * 100);
        made.figures.emplace_back("work_kept", work_kept);
    }
    return made;
}

}  // namespace

row mixed(const corpus& files, const sizes& how_much) {
    const auto texts = pieces_of(files);
    const load what{static_cast<double>(how_much.load_per_second), how_much.load_seconds, 64};
    row result{.id = "both"};
    auto& picture = result.picture;
    const auto twill_service = with_twill(texts);
    const auto pool_service = with_one_pool(texts);
    show(*twill_service, "twill", what, picture);
    show(*pool_service, "one pool", what, picture);
    measured twill_rounds;
    measured pool_rounds;
    for (unsigned round = 0; round < how_much.load_rounds; ++round) {
        measure(twill_rounds, *twill_service, what);
        measure(pool_rounds, *pool_service, what);
    }
    const latencies ours = typical(twill_rounds.on);
    const latencies naive = typical(pool_rounds.on);
    const double kept = median(twill_rounds.work_kept);

    result.title = fmt::format(
        "an echo service at {:.0f} requests/s while the program counts words{}", what.per_second,
        ours.generator_has_priority ? "" : " (load generator without priority)");
    result.columns = {
        column_of("twill, counting off", typical(twill_rounds.off), 0),
        column_of("twill, counting on", ours, kept),
        column_of("one pool, counting off", typical(pool_rounds.off), 0),
        column_of("one pool, counting on", naive, median(pool_rounds.work_kept)),
    };
    result.verdict = fmt::format(
        "Both at once: with one pool for everything a request waits for the computing queued "
        "before "
        "it (p99 {:.1f} ms); with a pool for each, p99 is {:.1f} ms, {:.0f} times less, and {:.0f} "
        "% of "
        "the work is still done.",
        naive.p99_us / 1000, ours.p99_us / 1000, naive.p99_us / ours.p99_us, kept * 100);
    picture.title = "Both: 25 ms with the counting on";
    picture.caption =
        "Above, twill: requests are tasks of the event thread, and the compute threads count. "
        "Below, "
        "one pool: a request waits in the same queue as the counting.";
    return result;
}

}  // namespace twill_command::demo
