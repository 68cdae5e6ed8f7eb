#include "twill/check/distinct_count.hpp"

#include <cmath>
#include <iterator>

namespace twill_command::check {

void distinct_count::add(std::uint64_t number) {
    // The finaliser of splitmix64: a bijection.
    number = (number ^ (number >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    number = (number ^ (number >> 27U)) * 0x94D049BB133111EBULL;
    number ^= number >> 31U;
    if (overflowed_ && number >= *smallest_.rbegin()) return;
    smallest_.insert(number);
    if (smallest_.size() <= most_) return;
    overflowed_ = true;
    smallest_.erase(std::prev(smallest_.end()));
}

std::uint64_t distinct_count::count() const {
    if (!overflowed_) return smallest_.size();
    const double share = std::ldexp(static_cast<double>(*smallest_.rbegin()), -64);
    return static_cast<std::uint64_t>(static_cast<double>(most_ - 1) / share);
}

}  // namespace twill_command::check
