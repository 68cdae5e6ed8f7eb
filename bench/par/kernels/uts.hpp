// Unbalanced Tree Search (Olivier et al., LCPC 2006): counts the nodes of a tree that nobody knows
// beforehand. How many children a node has follows from its state of 20 bytes, and their states
// from it by SHA-1, so that the tree is the same for everybody and no part of it can be guessed.
#pragma once

#include <twill/core/config.hpp>

#include "par/kernels/runtimes.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace twill::inline TWILL_ABI::bench {

using uts_state = std::array<std::uint32_t, 5>;

// SHA-1 of a message of five or six words.
template <std::size_t N>
uts_state sha1_of(const std::array<std::uint32_t, N>& message) {
    std::array<std::uint32_t, 80> w;
    for (std::size_t i = 0; i < 16; ++i) w[i] = i < N ? message[i] : 0;
    w[N] = 0x80000000;  // the padding, and the length in bits
    w[15] = N * 32;
    for (std::size_t i = 16; i < 80; ++i)
        w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    constexpr uts_state start = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    auto [a, b, c, d, e] = start;
    // Five steps, after which the letters are back in their places.
    const auto five = [&](std::size_t i, std::uint32_t k, auto f) {
        const auto step = [&](auto& v, auto& x, auto y, auto z, auto& sum, std::uint32_t word) {
            sum += std::rotl(v, 5) + f(x, y, z) + k + word;
            x = std::rotl(x, 30);
        };
        step(a, b, c, d, e, w[i]);
        step(e, a, b, c, d, w[i + 1]);
        step(d, e, a, b, c, w[i + 2]);
        step(c, d, e, a, b, w[i + 3]);
        step(b, c, d, e, a, w[i + 4]);
    };
    const auto choose = [](auto x, auto y, auto z) { return z ^ (x & (y ^ z)); };
    const auto parity = [](auto x, auto y, auto z) { return x ^ y ^ z; };
    const auto most = [](auto x, auto y, auto z) { return (x & y) | (z & (x | y)); };
    for (std::size_t i = 0; i < 20; i += 5) five(i, 0x5a827999, choose);
    for (std::size_t i = 20; i < 40; i += 5) five(i, 0x6ed9eba1, parity);
    for (std::size_t i = 40; i < 60; i += 5) five(i, 0x8f1bbcdc, most);
    for (std::size_t i = 60; i < 80; i += 5) five(i, 0xca62c1d6, parity);
    return {start[0] + a, start[1] + b, start[2] + c, start[3] + d, start[4] + e};
}

inline uts_state uts_root(std::uint32_t seed) {
    return sha1_of(std::array<std::uint32_t, 5>{0, 0, 0, 0, seed});
}
// Not inlined, so that everybody runs the same instructions: so close to the loop around it,
// compilers move more or less of it out.
[[gnu::noinline]] inline uts_state uts_child(const uts_state& parent, int i) {
    return sha1_of(std::array{parent[0], parent[1], parent[2], parent[3], parent[4],
                              static_cast<std::uint32_t>(i)});
}

// Geometric of fixed shape: above `depth` a node has `branching` children on average. Binomial: the
// root has `branching`, any other `children` with probability `q` and else none.
struct uts_tree {
    bool geometric;
    int branching;
    std::uint32_t seed;
    int depth = 0;
    double q = 0;
    int children = 0;
    long nodes = 0;  // as published
};
constexpr uts_tree uts_t1{
    .geometric = true, .branching = 4, .seed = 19, .depth = 10, .nodes = 4'130'071};
constexpr uts_tree uts_t3{.geometric = false,
                          .branching = 2000,
                          .seed = 42,
                          .q = 0.124875,
                          .children = 8,
                          .nodes = 4'112'897};

inline int uts_children(const uts_tree& tree, const uts_state& state, int height) {
    constexpr int most = 100;  // of any but a binomial root
    const double random = (state[4] & 0x7fffffff) / 2147483648.0;
    if (!tree.geometric) {
        if (height == 0) return tree.branching;
        return random < tree.q ? tree.children : 0;
    }
    if (height >= tree.depth) return 0;
    const double p = 1.0 / (1.0 + tree.branching);
    return std::min(most, static_cast<int>(std::floor(std::log(1 - random) / std::log(1 - p))));
}

template <class Runtime>
long uts_count(typename Runtime::context& here, const uts_tree& tree, const uts_state& state,
               int height) {
    const int children = uts_children(tree, state, height);
    if (children == 0) return 1;
    return 1 + Runtime::sum(here, children, always, [&tree, &state, height](auto& there, int i) {
               return uts_count<Runtime>(there, tree, uts_child(state, i), height + 1);
           });
}

template <class Runtime>
long uts(typename Runtime::context& here, const uts_tree& tree) {
    return uts_count<Runtime>(here, tree, uts_root(tree.seed), 0);
}

}  // namespace twill::inline TWILL_ABI::bench
