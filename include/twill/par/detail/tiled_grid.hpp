// The cells of a grid, numbered tile by tile.
#pragma once

#include <twill/core/config.hpp>

#include <algorithm>
#include <cstddef>

namespace twill::inline TWILL_ABI {
namespace detail {

// Tiles of 32 by 32, or what is left of them at the lower and the right edge, go from left to right
// in bands of 32 rows; the cells of a tile from left to right in rows. So any interval of numbers
// is a piece of work, and a loop over them needs no second kind of splitting.
class tiled_grid {
public:
    static constexpr std::size_t side = 32;

    tiled_grid(std::size_t rows, std::size_t columns) noexcept : rows_(rows), columns_(columns) {}

    // Calls function(row, column) for the cells with the numbers [from, to), in their order.
    template <class F>
    void visit(std::size_t from, std::size_t to, F&& function) const {
        while (from != to) {
            const tile here = tile_of(from);
            const std::size_t end = std::min(to, here.end());
            std::size_t row = here.top + (from - here.begin) / here.width;
            std::size_t column = here.left + (from - here.begin) % here.width;
            while (from != end) {
                const std::size_t stop =
                    column + std::min(here.left + here.width - column, end - from);
                from += stop - column;
                for (; column != stop; ++column) function(row, column);
                column = here.left;
                ++row;
            }
        }
    }

private:
    struct tile {
        std::size_t begin;  // number of its first cell
        std::size_t top;
        std::size_t left;
        std::size_t height;
        std::size_t width;
        [[nodiscard]] std::size_t end() const noexcept { return begin + height * width; }
    };

    [[nodiscard]] tile tile_of(std::size_t number) const noexcept {
        const std::size_t top = number / columns_ / side * side;
        const std::size_t height = std::min(side, rows_ - top);
        const std::size_t band = top * columns_;
        const std::size_t left = (number - band) / height / side * side;
        return {band + left * height, top, left, height, std::min(side, columns_ - left)};
    }

    std::size_t rows_;
    std::size_t columns_;
};

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
