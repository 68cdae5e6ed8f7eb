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
    static const std::uint64_t base = first_seed();
    static constinit atomic<std::uint64_t> drawn{0};
    return base + drawn.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace twill::inline TWILL_ABI
