#include "metrics.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>

namespace search {
namespace {

std::size_t bucket_of(std::uint64_t microseconds) noexcept {
    // Below an octave's worth of steps each is a bucket of its own.
    if (microseconds < durations::steps) return microseconds;
    const auto octave = static_cast<std::size_t>(std::bit_width(microseconds)) - 1;
    const std::size_t step = (microseconds >> (octave - 3)) & (durations::steps - 1);
    return std::min((octave - 2) * durations::steps + step,
                    durations::octaves * durations::steps - 1);
}

}  // namespace

void durations::add(twill::duration took) noexcept {
    const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(
        0, std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
    counts_[bucket_of(us)].fetch_add(1, std::memory_order_relaxed);
    microseconds_.fetch_add(us, std::memory_order_relaxed);
}

durations::counts durations::read() const noexcept {
    counts made{};
    for (std::size_t i = 0; i < made.size(); ++i)
        made[i] = counts_[i].load(std::memory_order_relaxed);
    return made;
}

double durations::seconds() const noexcept {
    return static_cast<double>(microseconds_.load(std::memory_order_relaxed)) / 1e6;
}

double durations::end_of(std::size_t bucket) noexcept {
    if (bucket < steps) return static_cast<double>(bucket + 1) / 1e6;
    const std::size_t octave = bucket / steps + 2;
    const double step = 1 + static_cast<double>(bucket % steps + 1) / steps;
    return std::ldexp(step, static_cast<int>(octave)) / 1e6;
}

double durations::quantile(const counts& of, double q) noexcept {
    std::uint64_t all = 0;
    for (const auto each : of) all += each;
    if (all == 0) return 0;
    const auto wanted = static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(all)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < of.size(); ++i) {
        seen += of[i];
        if (seen >= std::max<std::uint64_t>(wanted, 1)) return end_of(i);
    }
    return end_of(of.size() - 1);
}

route route_of(std::string_view path) noexcept {
    if (path == "/healthz" || path == "/readyz") return route::health;
    const auto* const at = std::ranges::find(route_names, path);
    return at == route_names.end() ? route::other : static_cast<route>(at - route_names.begin());
}

void metrics::request(std::string_view path, int status, twill::duration took) noexcept {
    const route which = route_of(path);
    const auto code = static_cast<std::size_t>(std::clamp(status, 0, 599));
    requests[static_cast<std::size_t>(which)][code].fetch_add(1, std::memory_order_relaxed);
    if (which != route::stats) request_times.add(took);
}

void metrics::search_ended(ending how, twill::duration took) noexcept {
    searches[static_cast<std::size_t>(how)].fetch_add(1, std::memory_order_relaxed);
    if (how == ending::complete || how == ending::limit || how == ending::late)
        search_times.add(took);
}

std::uint64_t metrics::all_requests() const noexcept {
    std::uint64_t all = 0;
    for (const auto& of_route : requests)
        for (const auto& each : of_route) all += each.load(std::memory_order_relaxed);
    return all;
}

pool_figures ask_pools(twill::runtime& in) {
    return {in.stats(), in.compute().stats(), in.blocking().stats()};
}

}  // namespace search
