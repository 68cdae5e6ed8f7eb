#include "common/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace twill::inline TWILL_ABI::bench {
namespace {

constexpr double wanted_confidence = 0.95;

double median_of_sorted(const std::vector<double>& sorted) {
    const std::size_t half = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

std::vector<double> in_order(std::span<const double> values) {
    std::vector<double> sorted(values.begin(), values.end());
    std::sort(sorted.begin(), sorted.end());
    return sorted;
}

// The chance that at most `k` of `n` fair coins show heads.
double at_most(std::size_t k, std::size_t n) {
    double sum = 0;
    double ways = 1;  // n over i
    for (std::size_t i = 0; i <= k; ++i) {
        sum += ways;
        ways *= static_cast<double>(n - i) / static_cast<double>(i + 1);
    }
    return sum * std::pow(0.5, static_cast<double>(n));
}

}  // namespace

double median(std::span<const double> values) { return median_of_sorted(in_order(values)); }

// Each value lies below the true median with probability 1/2, so how many do is binomial: the true
// median is outside of [i-th lowest, i-th highest] when fewer than i values are on one side of it.
interval median_interval(std::span<const double> values) {
    const std::vector<double> sorted = in_order(values);
    const std::size_t n = sorted.size();
    std::size_t outside = 0;  // how many values are left out at each end
    while (2 * (outside + 1) < n && 1 - 2 * at_most(outside + 1, n) >= wanted_confidence) ++outside;
    return {.middle = median_of_sorted(sorted),
            .low = sorted[outside],
            .high = sorted[n - 1 - outside],
            .confidence = std::max(0.0, 1 - 2 * at_most(outside, n))};
}

std::vector<double> paired_ratios(std::span<const double> ours, std::span<const double> theirs) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i) {
        if (!(theirs[i] > 0)) return {};
        ratios.push_back(ours[i] / theirs[i]);
    }
    return ratios;
}

}  // namespace twill::inline TWILL_ABI::bench
