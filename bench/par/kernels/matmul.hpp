// The product of two square matrices by recursive splitting: four quarters of the result at a time,
// twice, down to blocks that fit into the first cache.
#pragma once

#include <twill/core/config.hpp>

#include "par/kernels/runtimes.hpp"

#include <cstddef>
#include <vector>

namespace twill::inline TWILL_ABI::bench {

constexpr std::size_t matmul_block = 64;

struct matrices {
    explicit matrices(std::size_t n) : size(n), a(n * n), b(n * n), c(n * n) {
        // Small integers: the product is exact in any order.
        for (std::size_t i = 0; i < n * n; ++i) {
            a[i] = static_cast<double>(i * 7 % 11);
            b[i] = static_cast<double>(i * 5 % 13);
        }
    }

    // c x = a (b x) for one x: wrong products pass by chance only.
    [[nodiscard]] bool product_is_right() const {
        std::vector<double> x(size);
        for (std::size_t i = 0; i < size; ++i) x[i] = static_cast<double>(i * 3 % 17);
        return times(c, x) == times(a, times(b, x));
    }

    std::size_t size;
    std::vector<double> a;
    std::vector<double> b;
    std::vector<double> c;

private:
    [[nodiscard]] std::vector<double> times(const std::vector<double>& m,
                                            const std::vector<double>& x) const {
        std::vector<double> y(size);
        for (std::size_t i = 0; i < size; ++i)
            for (std::size_t j = 0; j < size; ++j) y[i] += m[i * size + j] * x[j];
        return y;
    }
};

// c += a b for one block, eight rows of b at a time: a row of c is read and written for them once.
// Not inlined, so that everybody runs the same instructions.
[[gnu::noinline]] inline void multiply_block(const double* a, const double* b, double* __restrict c,
                                             std::size_t stride) {
    for (std::size_t i = 0; i < matmul_block; ++i)
        for (std::size_t k = 0; k < matmul_block; k += 8) {
            double* const to = c + i * stride;
            const double* const factor = a + i * stride + k;
            const auto product = [=](std::size_t l, std::size_t j) {
                return factor[l] * b[(k + l) * stride + j];
            };
            for (std::size_t j = 0; j < matmul_block; ++j)
                to[j] = to[j] + product(0, j) + product(1, j) + product(2, j) + product(3, j) +
                        product(4, j) + product(5, j) + product(6, j) + product(7, j);
        }
}

// c += a b. `n`: a power of two times the block.
template <class Runtime>
void multiply(typename Runtime::context& here, const double* a, const double* b, double* c,
              std::size_t n, std::size_t stride) {
    if (n == matmul_block) return multiply_block(a, b, c, stride);
    const std::size_t half = n / 2;
    const auto at = [=](auto* m, std::size_t row, std::size_t column) {
        return m + row * half * stride + column * half;
    };
    for (std::size_t k = 0; k < 2; ++k) {
        const auto quarter = [=](std::size_t i, std::size_t j) {
            return [=](auto& there) {
                multiply<Runtime>(there, at(a, i, k), at(b, k, j), at(c, i, j), half, stride);
            };
        };
        Runtime::four(here, quarter(0, 0), quarter(0, 1), quarter(1, 0), quarter(1, 1));
    }
}

}  // namespace twill::inline TWILL_ABI::bench
