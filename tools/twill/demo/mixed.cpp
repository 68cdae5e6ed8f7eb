#include "twill/demo/mixed.hpp"

#include "twill/demo/lanes.hpp"
#include "twill/demo/load_generator.hpp"
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

struct measured {
    latencies off;
    latencies on;
    double work_kept = 0;  // share of the work done alone that is done beside the requests
};

constexpr twill::duration shown_window = 25ms;

// The load first alone, then beside the counting; the counting alone in between.
measured measure(echo_and_count& service, const std::string& name, const load& what,
                 twill::trace::timeline& picture) {
    measured found;
    found.off = generate(what, service.address());
    service.start_counting();
    std::this_thread::sleep_for(std::chrono::duration<double>(what.seconds / 2));
    const double alone = service.stop_counting();

    service.start_counting();
    std::jthread watcher([&] {
        std::this_thread::sleep_for(std::chrono::duration<double>(what.seconds / 2));
        const twill::trace::recorder recorder;
        const auto began = twill::now();
        std::this_thread::sleep_for(2 * shown_window);
        add_lanes(picture, name, recorder.take(), began, shown_window);
    });
    found.on = generate(what, service.address());
    watcher.join();
    found.work_kept = alone > 0 ? service.stop_counting() / alone : 0;
    return found;
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
    const measured ours = measure(*with_twill(texts), "twill", what, picture);
    const measured naive = measure(*with_one_pool(texts), "one pool", what, picture);

    result.title = fmt::format(
        "an echo service at {:.0f} requests/s while the program counts words{}", what.per_second,
        ours.on.generator_has_priority ? "" : " (load generator without priority)");
    result.columns = {
        column_of("twill, counting off", ours.off, 0),
        column_of("twill, counting on", ours.on, ours.work_kept),
        column_of("one pool, counting off", naive.off, 0),
        column_of("one pool, counting on", naive.on, naive.work_kept),
    };
    result.verdict = fmt::format(
        "Both at once: with one pool for everything a request waits for the computing queued "
        "before "
        "it (p99 {:.1f} ms); with a pool for each, p99 is {:.1f} ms, {:.0f} times less, and {:.0f} "
        "% of "
        "the work is still done.",
        naive.on.p99_us / 1000, ours.on.p99_us / 1000, naive.on.p99_us / ours.on.p99_us,
        ours.work_kept * 100);
    picture.title = "Both: 25 ms with the counting on";
    picture.caption =
        "Above, twill: requests are tasks of the event thread, and the compute threads count. "
        "Below, "
        "one pool: a request waits in the same queue as the counting.";
    return result;
}

}  // namespace twill_command::demo
