// How many different numbers there were among very many, in memory of a fixed size.
//
// Exact for few. For more it is an estimate by the smallest ones alone: of n evenly spread numbers
// the k-th smallest lies at about k/n of the range (Bar-Yossef et al., "Counting Distinct Elements
// in a Data Stream", 2002). With 65,536 kept it is off by about 0.4%.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>

namespace twill_command::check {

class distinct_count {
public:
    explicit distinct_count(std::size_t kept = 65'536) : most_(kept) {}

    void add(std::uint64_t number);
    [[nodiscard]] std::uint64_t count() const;
    [[nodiscard]] bool is_estimate() const noexcept { return overflowed_; }

private:
    std::size_t most_;
    std::set<std::uint64_t> smallest_;  // of the numbers, mixed so that they spread evenly
    bool overflowed_ = false;
};

}  // namespace twill_command::check
