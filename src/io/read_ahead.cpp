#include <twill/io/detail/read_ahead.hpp>

#include <algorithm>

namespace twill::inline TWILL_ABI::detail {

std::size_t read_ahead::take_into(std::span<std::byte> into) noexcept {
    const std::size_t count = std::min(into.size(), size());
    std::ranges::copy(bytes().first(count), into.begin());
    take(count);
    return count;
}

std::span<std::byte> read_ahead::room() {
    constexpr std::size_t at_first = 1024;
    const std::size_t now = kept_.capacity();
    if (now == 0) return kept_.room(std::min(at_first, usual_));
    const bool crowded = 2 * size() > now;
    if (now < usual_ && (filled_ || crowded)) return kept_.room(std::min(2 * now, usual_) - size());
    return kept_.room(crowded ? 1 : (now + 1) / 2);
}

}  // namespace twill::inline TWILL_ABI::detail
