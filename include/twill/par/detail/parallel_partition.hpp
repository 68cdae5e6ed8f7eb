// Partitions a large range in place by several threads.
//
// The range is cut where the boundary is expected, and both sides into as many pieces. Piece i of
// the left and piece i of the right are partitioned together, as if the one followed the other:
// what is small fills the left piece from its beginning, what is large the right piece from its
// end. With a good guess almost nothing is on the wrong side afterwards, so that the parallel form
// costs as much work as the serial one and nobody has to ask how many cores there are.
// (Partitioning contiguous pieces each on its own, and mending afterwards, moves half of all
// elements twice.) What is left over is exchanged between the sides. After Tsigas and Zhang's
// PQuick (PDP 2003), with fixed instead of claimed blocks.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/loop.hpp>
#include <twill/par/for_each.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <vector>

namespace twill::inline TWILL_ABI {
namespace detail {

// How many elements of two pieces belong to the left; they are at the beginning of each.
struct partition_counts {
    std::size_t in_left;
    std::size_t in_right;
};

// What to partition by. Both calls leave a permutation, even if they throw.
template <class K, class I>
concept partition_kernel = requires(const K kernel, I first, std::size_t count) {
    { kernel.partition_together(first, count) } -> std::same_as<std::size_t>;
    { kernel.partition_apart(first, count, first, count) } -> std::same_as<partition_counts>;
};

// `length` elements at `to_right` and `to_left` change places.
struct exchange {
    std::size_t to_right;
    std::size_t to_left;
    std::size_t length;
};

// A run of the partitioned range: `small` elements that belong to the left, then others.
struct partitioned_piece {
    std::size_t begin;
    std::size_t end;
    std::size_t small;
};

// What lies on the wrong side of `boundary`: as much left of it as right of it.
TWILL_API std::vector<exchange> misplaced(const std::vector<partitioned_piece>& pieces,
                                          std::size_t boundary);

// Below this many elements a partition takes about a beat, and is done by one thread.
inline constexpr std::size_t least_parallel_partition = std::size_t{1} << 17;
inline constexpr std::size_t partition_piece = std::size_t{1} << 15;

// Both sides of `expected`, each in `pairs` pieces, in the order of their places.
TWILL_API std::vector<partitioned_piece> cut_for_partition(std::size_t count, std::size_t expected);

// Moves what belongs to the left to the front, and returns how many that is. `expected`: a guess of
// it. Throws what the kernel throws, `cancelled`, and std::bad_alloc before anything was moved.
template <std::random_access_iterator I, partition_kernel<I> Kernel>
std::size_t partition_in_parallel(par::context& here, I first, std::size_t count,
                                  std::size_t expected, const Kernel& kernel) {
    const auto at = [&](std::size_t i) {
        return first + static_cast<std::iter_difference_t<I>>(i);
    };
    std::vector<partitioned_piece> pieces = cut_for_partition(count, expected);
    const std::size_t pairs = pieces.size() / 2;
    par::for_each_index(here, pairs, [&](std::size_t i) {
        partitioned_piece& left = pieces[i];
        partitioned_piece& right = pieces[pairs + i];
        const partition_counts found = kernel.partition_apart(
            at(left.begin), left.end - left.begin, at(right.begin), right.end - right.begin);
        left.small = found.in_left;
        right.small = found.in_right;
    });
    std::size_t boundary = 0;
    for (const partitioned_piece& piece : pieces) boundary += piece.small;
    const std::vector<exchange> wrong = misplaced(pieces, boundary);
    par::for_each_index(here, wrong.size(), [&](std::size_t i) {
        const exchange& which = wrong[i];
        std::ranges::swap_ranges(at(which.to_right), at(which.to_right + which.length),
                                 at(which.to_left), at(which.to_left + which.length));
    });
    return boundary;
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
