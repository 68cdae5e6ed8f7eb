#include "twill/demo/waiting.hpp"

#include "twill/common/quiet_options.hpp"
#include "twill/demo/lanes.hpp"
#include "twill/demo/slow_service.hpp"

#include <fmt/format.h>
#include <twill/async/map.hpp>
#include <twill/runtime/usable_cpus.hpp>

#include <sys/resource.h>
#include <algorithm>
#include <array>
#include <ranges>
#include <thread>
#include <vector>

namespace twill_command::demo {
namespace {

using namespace std::chrono_literals;

// When each of the first requests was sent and answered: what the picture shows.
struct exchange {
    twill::time_point sent;
    twill::time_point answered;
};

twill::task<exchange> ask(const twill::endpoint& service) {
    const auto sent = twill::now();
    auto stream = co_await twill::connect(service);
    std::array<std::byte, 1> byte{};
    co_await stream.write_all(byte);
    co_await stream.read_exactly(byte);
    co_return exchange{sent, twill::now()};
}

// One thread's part: `count` requests, at most `at_a_time` of them in flight.
std::vector<exchange> ask_many(const twill::endpoint& service, unsigned count,
                               std::size_t at_a_time) {
    return twill::run(quiet_options(), [&] {
        return twill::map(std::views::iota(0U, count), [&](unsigned) { return ask(service); },
                          {.limit = at_a_time});
    });
}

struct outcome {
    double seconds;
    twill::time_point began;
    std::vector<std::vector<exchange>> of_threads;
};

outcome ask_on_threads(const twill::endpoint& service, unsigned threads, unsigned count,
                       std::size_t at_a_time) {
    outcome found{0, twill::now(), std::vector<std::vector<exchange>>(threads)};
    {
        std::vector<std::jthread> all;
        for (unsigned t = 0; t < threads; ++t)
            all.emplace_back([&, t] {
                const unsigned share = count / threads + (t < count % threads ? 1 : 0);
                found.of_threads[t] = ask_many(service, share, at_a_time);
            });
    }
    found.seconds = std::chrono::duration<double>(twill::now() - found.began).count();
    return found;
}

// Each request needs a descriptor here and one in the service.
std::size_t most_in_flight(unsigned requests) {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    ::getrlimit(RLIMIT_NOFILE, &files);
    constexpr rlim_t others = 128;
    const rlim_t room = files.rlim_cur > 2 * others ? (files.rlim_cur - others) / 2 : others / 2;
    return std::min<std::size_t>(requests, room);
}

constexpr std::size_t shown_requests = 6;
constexpr twill::duration shown_window = 125ms;

void add_requests(twill::trace::timeline& picture, const std::string& way, const outcome& of) {
    const std::size_t waits =
        category_index(picture, {"a request in flight", twill::trace::colour::orange, false});
    const std::size_t threads = of.of_threads.size();
    for (std::size_t line = 0; line < shown_requests; ++line) {
        twill::trace::lane lane{.name = fmt::format("{}: {}", way, line + 1)};
        const auto& mine = of.of_threads[line % threads];
        // Where requests follow one another, a line shows one thread's; else it shows one request.
        const bool in_turn = mine.size() > 1 && mine[1].sent >= mine[0].answered;
        if (in_turn && line >= threads) break;
        for (std::size_t i = in_turn ? 0 : line / threads; i < mine.size(); ++i) {
            const auto from = mine[i].sent - of.began;
            const auto to = std::min<twill::duration>(mine[i].answered - of.began, shown_window);
            if (from < to) lane.bars.push_back({from, to, waits, {}});
            if (!in_turn) break;
        }
        picture.lanes.push_back(std::move(lane));
    }
}

}  // namespace

row waiting(const sizes& how_much) {
    const slow_service service;
    const auto& there = service.address();
    const unsigned cpus = twill::usable_cpus();
    const unsigned few = how_much.sequential_requests;
    const std::size_t wide = most_in_flight(how_much.requests);
    const double scale = static_cast<double>(how_much.requests) / few;

    const auto in_turn = ask_on_threads(there, 1, few, 1);
    const auto concurrent = ask_on_threads(there, 1, how_much.requests, wide);
    const auto parallel = ask_on_threads(there, cpus, few * cpus, 1);
    const auto both =
        ask_on_threads(there, cpus, how_much.requests, std::max<std::size_t>(1, wide / cpus));

    row result{.id = "waiting",
               .title = fmt::format("{} requests to a service that answers after 20 ms",
                                    how_much.requests)};
    result.columns = {
        {"one by one", in_turn.seconds * scale, "s", fmt::format("measured on {}", few), {}},
        {"concurrent (one thread)", concurrent.seconds, "s", "", {}},
        {"parallel (a thread a core)",
         parallel.seconds * scale / cpus,
         "s",
         fmt::format("measured on {}", few * cpus),
         {}},
        {"both", both.seconds, "s", "", {}},
    };
    result.verdict = fmt::format(
        "The work is waiting: having all requests in flight at once made it {:.0f} times faster on "
        "a "
        "single thread, while {} threads that wait in turn made it only {:.1f} times faster.",
        in_turn.seconds * scale / concurrent.seconds, cpus,
        in_turn.seconds * cpus / parallel.seconds);
    auto& picture = result.picture;
    picture.title = "Waiting: the first requests";
    picture.caption =
        "Each bar is a request in flight. One by one, each waits for the one before; more threads "
        "only "
        "add more such queues; concurrent, one thread has them all in flight at once.";
    picture.length = shown_window;
    add_requests(picture, "one by one", in_turn);
    add_requests(picture, "parallel", parallel);
    add_requests(picture, "concurrent", concurrent);
    add_requests(picture, "both", both);
    return result;
}

}  // namespace twill_command::demo
