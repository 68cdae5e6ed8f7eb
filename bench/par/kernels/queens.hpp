// How many ways there are to place n queens, as Cilk's benchmark counts them: a child for each
// place in the next row that no queen attacks, each with a board of its own.
#pragma once

#include <twill/core/config.hpp>

#include "par/kernels/runtimes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace twill::inline TWILL_ABI::bench {

using board = std::array<std::int8_t, 16>;  // the column of the queen of each row

inline bool may_stand(const board& queens, int row, int column) {
    for (int above = 0; above < row; ++above) {
        const int distance = column - queens[static_cast<std::size_t>(above)];
        if (distance == 0 || distance == row - above || distance == above - row) return false;
    }
    return true;
}

template <class Runtime>
long count_queens(typename Runtime::context& here, int n, int row, const board& queens) {
    if (row == n) return 1;
    return Runtime::sum(
        here, n, [&](int column) { return may_stand(queens, row, column); },
        [&](auto& there, int column) {
            board next = queens;
            next[static_cast<std::size_t>(row)] = static_cast<std::int8_t>(column);
            return count_queens<Runtime>(there, n, row + 1, next);
        });
}

// The answers for 0 to 14 queens.
constexpr std::array<long, 15> queens_known = {1,  1,   0,   0,    2,     10,    4,     40,
                                               92, 352, 724, 2680, 14200, 73712, 365596};

}  // namespace twill::inline TWILL_ABI::bench
