// Adaptive quadrature: an interval is halved until its trapezoid and those of its halves agree. The
// curve is that of Cilk's benchmark; the tree of calls is deep and uneven, a call costs a few
// nanoseconds.
#pragma once

#include <twill/core/config.hpp>

#include "par/kernels/runtimes.hpp"

namespace twill::inline TWILL_ABI::bench {

constexpr double integrate_error = 1e-10;

inline double integrand(double x) { return (x * x + 1) * x; }
inline double integral(double x) { return x * x * (x * x / 4 + 0.5); }

template <class Runtime>
double integrate(typename Runtime::context& here, double x1, double y1, double x2, double y2,
                 double area) {
    const double half = (x2 - x1) / 2;
    const double x0 = x1 + half;
    const double y0 = integrand(x0);
    const double below = (y1 + y0) / 2 * half;
    const double above = (y0 + y2) / 2 * half;
    const double both = below + above;
    if (both - area < integrate_error && area - both < integrate_error) return both;
    const auto [left, right] = Runtime::two(
        here, [=](auto& there) { return integrate<Runtime>(there, x1, y1, x0, y0, below); },
        [=](auto& there) { return integrate<Runtime>(there, x0, y0, x2, y2, above); });
    return left + right;
}

template <class Runtime>
double integrate_to(typename Runtime::context& here, double end) {
    return integrate<Runtime>(here, 0, integrand(0), end, integrand(end), 0);
}

}  // namespace twill::inline TWILL_ABI::bench
