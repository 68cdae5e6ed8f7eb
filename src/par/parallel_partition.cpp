#include <twill/par/detail/parallel_partition.hpp>

namespace twill::inline TWILL_ABI {
namespace detail {

std::vector<partitioned_piece> cut_for_partition(std::size_t count, std::size_t expected) {
    const std::size_t pairs = std::max<std::size_t>(1, count / (2 * partition_piece));
    // A guess at the very end would leave nothing to pair with.
    const std::size_t middle = std::clamp(expected, count / 16, count - count / 16);
    std::vector<partitioned_piece> pieces;
    pieces.reserve(2 * pairs);
    const auto cut = [&](std::size_t begin, std::size_t end) {
        const std::size_t length = (end - begin) / pairs;
        for (std::size_t i = 0; i != pairs; ++i, begin += length)
            pieces.push_back({begin, i + 1 == pairs ? end : begin + length, 0});
    };
    cut(0, middle);
    cut(middle, count);
    return pieces;
}

std::vector<exchange> misplaced(const std::vector<partitioned_piece>& pieces,
                                std::size_t boundary) {
    std::vector<exchange> found;
    // `large` walks over what is large and left of the boundary, `small` over what is small and
    // right of it; both cover the same number of elements.
    std::size_t small = 0;
    std::size_t small_at = 0;
    std::size_t small_left = 0;
    const auto next_small = [&] {
        for (; small_left == 0; ++small) {
            const partitioned_piece& piece = pieces[small];
            const std::size_t end = piece.begin + piece.small;
            small_at = std::max(piece.begin, boundary);
            small_left = end > small_at ? end - small_at : 0;
        }
    };
    for (const partitioned_piece& piece : pieces) {
        std::size_t large_at = piece.begin + piece.small;
        const std::size_t large_end = std::min(piece.end, boundary);
        while (large_at < large_end) {
            next_small();
            const std::size_t length = std::min(large_end - large_at, small_left);
            found.push_back({large_at, small_at, length});
            large_at += length;
            small_at += length;
            small_left -= length;
        }
    }
    return found;
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
