#include <twill/core/atomic.hpp>
#include <twill/core/random.hpp>

#include <sys/random.h>
#include <cstdlib>

namespace twill::inline TWILL_ABI {
namespace {

std::uint64_t seed_of_kernel() noexcept {
    std::uint64_t seed = 0x7477696c6cU;
    // A kernel without entropy yet leaves the constant: a poor seed is still a valid one.
    static_cast<void>(::getrandom(&seed, sizeof seed, GRND_NONBLOCK));
    return seed;
}

std::uint64_t first_seed() noexcept {
    const char* wanted = std::getenv("TWILL_SEED");
    return wanted != nullptr ? std::strtoull(wanted, nullptr, 0) : seed_of_kernel();
}

}  // namespace

std::uint64_t random_seed() noexcept {
    // Not initialised as a static of the function: a child forked meanwhile would wait for ever.
    // The first to store its seed decides; relaxed, since the number is all there is to see. A seed
    // of 0 is asked for again and again, and stays 0.
    static constinit atomic<std::uint64_t> base{0};
    static constinit atomic<std::uint64_t> drawn{0};
    std::uint64_t first = base.load(std::memory_order_relaxed);
    if (first == 0) {
        const std::uint64_t mine = first_seed();
        if (base.compare_exchange_strong(first, mine, std::memory_order_relaxed)) first = mine;
    }
    return first + drawn.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace twill::inline TWILL_ABI
