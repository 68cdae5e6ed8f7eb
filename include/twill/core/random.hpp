// Randomness behind one door: everything in twill that draws a number (which worker to steal from,
// jitter, the order of ready `select` cases) draws it from a `random_source` that was seeded here,
// so that a seed repeats the draw.
//
//     twill::random_source dice(twill::random_seed());
//     std::uint64_t victim = dice.below(workers);
#pragma once

#include <twill/core/config.hpp>

#include <cstdint>

namespace twill::inline TWILL_ABI {

// A seed from the kernel, or the next one of the sequence that TWILL_SEED=<number> starts.
// Any thread.
TWILL_API std::uint64_t random_seed() noexcept;

// xoshiro256** (Blackman and Vigna, 2018), filled by splitmix64. Not for secrets. One thread at a
// time.
class random_source {
public:
    explicit random_source(std::uint64_t seed) noexcept {
        for (auto& word : state_) word = split_mix(seed);
    }

    // 64 uniform bits.
    std::uint64_t next() noexcept {
        const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
        const std::uint64_t shifted = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = rotate(state_[3], 45);
        return result;
    }

    // A number in [0, bound); `bound` must not be 0. The bias (below bound / 2^32) does not matter
    // for what twill draws.
    std::uint32_t below(std::uint32_t bound) noexcept {
        return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32);
    }

    // A number in [0, 1).
    double unit() noexcept { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

private:
    static constexpr std::uint64_t rotate(std::uint64_t x, int by) noexcept {
        return (x << by) | (x >> (64 - by));
    }
    static constexpr std::uint64_t split_mix(std::uint64_t& state) noexcept {
        std::uint64_t z = (state += 0x9e3779b97f4a7c15U);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
    }

    std::uint64_t state_[4];
};

}  // namespace twill::inline TWILL_ABI
