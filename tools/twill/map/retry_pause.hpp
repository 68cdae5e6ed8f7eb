// How long a job that failed waits before it is tried again.
#pragma once

#include <twill/core/random.hpp>
#include <twill/core/time.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace twill_command {

class retry_pause {
public:
    // After so many tries. "Full jitter": those that failed together do not come back together.
    twill::duration after(unsigned tries) {
        using namespace std::chrono_literals;
        // Before the first retry at most, doubled for each further one.
        constexpr twill::duration first = 100ms;
        constexpr twill::duration longest = 30s;
        const auto most = std::min(first * (std::int64_t{1} << std::min(tries - 1, 16U)), longest);
        return std::chrono::duration_cast<twill::duration>(most * dice_.unit());
    }

private:
    twill::random_source dice_{twill::random_seed()};
};

}  // namespace twill_command
