#include "twill/demo/too_small.hpp"

#include <fmt/format.h>
#include <twill/core/time.hpp>
#include <twill/par/reduce.hpp>
#include <twill/runtime/usable_cpus.hpp>

#include <array>
#include <chrono>
#include <numeric>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

namespace twill_command::demo {
namespace {

using numbers = std::array<std::uint64_t, 100>;

// The compiler must take the numbers for changed, so that no sum is left out.
void touch(numbers& values) { asm volatile("" : : "r"(values.data()) : "memory"); }

template <class Sum>
double seconds_of(unsigned times, numbers& values, Sum sum) {
    std::uint64_t total = 0;
    const auto began = twill::now();
    for (unsigned i = 0; i < times; ++i) {
        touch(values);
        total += sum(values);
    }
    const double took = std::chrono::duration<double>(twill::now() - began).count();
    const std::uint64_t one = std::accumulate(values.begin(), values.end(), std::uint64_t{0});
    if (total != one * times) throw std::runtime_error("sum 100 numbers: two ways disagree");
    return took;
}

std::uint64_t serially(const numbers& values) {
    return std::accumulate(values.begin(), values.end(), std::uint64_t{0});
}

// What one writes who has heard that threads make it faster.
std::uint64_t by_hand(const numbers& values, unsigned threads) {
    std::vector<std::uint64_t> parts(threads);
    {
        std::vector<std::jthread> all;
        for (unsigned t = 0; t < threads; ++t)
            all.emplace_back([&, t] {
                const std::size_t from = values.size() * t / threads;
                const std::size_t to = values.size() * (t + 1) / threads;
                parts[t] =
                    std::accumulate(values.begin() + from, values.begin() + to, std::uint64_t{0});
            });
    }
    return std::accumulate(parts.begin(), parts.end(), std::uint64_t{0});
}

twill::trace::timeline picture_of(double serial_ns, double hand_ns, double twill_ns) {
    const auto ns = [](double value) { return twill::duration(static_cast<std::int64_t>(value)); };
    twill::trace::timeline picture{
        .title = "Too small: what one sum of 100 numbers takes",
        .caption =
            "Made from the means measured: starting a thread costs more than the whole work.",
        .categories = {{"adding up", twill::trace::colour::green, false},
                       {"starting and joining threads", twill::trace::colour::red, false}},
        .lanes = {}};
    picture.lanes.push_back({"serial", {{ns(0), ns(serial_ns), 0, {}}}});
    picture.lanes.push_back(
        {"by hand over threads",
         {{ns(0), ns(hand_ns - serial_ns), 1, {}}, {ns(hand_ns - serial_ns), ns(hand_ns), 0, {}}}});
    picture.lanes.push_back({"twill::par::reduce", {{ns(0), ns(twill_ns), 0, {}}}});
    return picture;
}

}  // namespace

row too_small(const sizes& how_much) {
    numbers values{};
    std::iota(values.begin(), values.end(), std::uint64_t{1});
    const unsigned times = how_much.small_sums;
    const unsigned few = how_much.small_sums_by_hand;
    const unsigned threads = std::max(2U, twill::usable_cpus());

    const double serial = seconds_of(times, values, serially);
    const double hand =
        seconds_of(few, values, [&](const numbers& n) { return by_hand(n, threads); });
    const double ours = seconds_of(times, values, [](const numbers& n) {
        return twill::par::reduce(std::span(n), std::uint64_t{0});
    });

    const double ns = 1e9 / times;
    row result{.id = "too-small", .title = fmt::format("the sum of 100 numbers, {} times", times)};
    result.columns = {
        {"serial", serial * ns, "ns a sum", "", {}},
        {"by hand over threads",
         hand * 1e9 / few,
         "ns a sum",
         fmt::format("measured on {}", few),
         {}},
        {"twill", ours * ns, "ns a sum", "", {}},
    };
    result.verdict = fmt::format(
        "Too small to share: two threads by hand cost {:.0f} times the work itself. twill's reduce "
        "took {:.2f} times the plain loop: it asks for help only when a piece of work turns out "
        "long.",
        hand * 1e9 / few / (serial * ns), ours / serial);
    result.picture = picture_of(serial * ns, hand * 1e9 / few, ours * ns);
    return result;
}

}  // namespace twill_command::demo
