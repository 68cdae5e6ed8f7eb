// The few statistics that the tables need. None assumes a distribution: on a shared machine it has
// a long tail to one side.
#pragma once

#include <twill/core/config.hpp>

#include <span>
#include <vector>

namespace twill::inline TWILL_ABI::bench {

// Of values in any order, at least one.
[[nodiscard]] double median(std::span<const double> values);

// A median with the interval that holds the true one at least with probability `confidence`.
struct interval {
    double middle = 0;
    double low = 0;
    double high = 0;
    // Too few values give less than the 95 % that is aimed at: [lowest, highest] of five has 93.8
    // %.
    double confidence = 0;
};

// The interval is between two order statistics, the i-th lowest and the i-th highest, i as large as
// 95 % allow. Exact for independent rounds of any distribution. At least one value.
[[nodiscard]] interval median_interval(std::span<const double> values);

// ours[i] / theirs[i] for the rounds that both have. Empty where a denominator is not above zero.
[[nodiscard]] std::vector<double> paired_ratios(std::span<const double> ours,
                                                std::span<const double> theirs);

}  // namespace twill::inline TWILL_ABI::bench
