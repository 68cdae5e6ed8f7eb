#include <twill/par/detail/grouping.hpp>

namespace twill::inline TWILL_ABI {

void detail::add_up_places(std::vector<part_places>& chunks) noexcept {
    std::size_t place = 0;
    for (std::size_t p = 0; p != grouping_parts; ++p)
        for (part_places& counts : chunks) {
            const std::size_t size = std::exchange(counts[p], place);
            place += size;
        }
}

}  // namespace twill::inline TWILL_ABI
