// Inputs for the tests of parallel algorithms.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace par_test {

// The same numbers in each run, spread evenly over [0, below).
template <class T>
std::vector<T> numbers(std::size_t count, std::uint64_t below, std::uint64_t seed = 1) {
    std::vector<T> made(count);
    std::uint64_t state = seed;
    for (T& n : made) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        n = static_cast<T>((state >> 33) % below);
    }
    return made;
}

inline constexpr std::size_t sizes[] = {0, 1, 2, 3, 15, 16, 17, 97, 1'000, 4'099, 65'537, 300'007};

// Keeps a core busy for about so many steps, so that work lasts for some beats.
inline unsigned churn(unsigned steps) {
    unsigned x = steps;
    for (unsigned i = 0; i < steps; ++i) {
        x = x * 1664525U + 1013904223U;
        asm volatile("" : "+r"(x));
    }
    return x;
}

}  // namespace par_test
