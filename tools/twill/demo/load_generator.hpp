// Open-loop load on an echo service: requests are sent at the moments of a Poisson process, whether
// or not earlier ones were answered, and each latency counts from the moment at which its request
// was to be sent. So a service that stalls is charged for all that came meanwhile ("coordinated
// omission" is avoided).
#pragma once

#include <twill/core/time.hpp>
#include <twill/io/endpoint.hpp>

#include <cstdint>
#include <vector>

namespace twill_command::demo {

struct load {
    double per_second = 2000;
    double seconds = 3;
    unsigned connections = 64;
};

struct latencies {
    double p50_us = 0;
    double p99_us = 0;
    double p999_us = 0;
    std::uint64_t answered = 0;
    std::uint64_t unanswered = 0;         // a second after the last one was sent
    bool generator_has_priority = false;  // real-time, so that its own delays do not count
};

// Runs on the calling thread for as long as `what` says. Throws twill::io_error.
latencies generate(const load& what, const twill::endpoint& service);

}  // namespace twill_command::demo
