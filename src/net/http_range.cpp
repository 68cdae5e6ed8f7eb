#include "http_range.hpp"

#include <twill/net/http_message.hpp>

#include <algorithm>
#include <charconv>

namespace twill::inline TWILL_ABI::detail {
namespace {

std::optional<std::uint64_t> number(std::string_view text) noexcept {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

http_range parse_range(std::string_view field, std::uint64_t size) noexcept {
    const http_range whole{http_range::kind::whole, 0, size};
    const auto equals = field.find('=');
    if (equals == std::string_view::npos || !http::same_name(field.substr(0, equals), "bytes"))
        return whole;
    const auto range = field.substr(equals + 1);
    const auto dash = range.find('-');
    if (dash == std::string_view::npos) return whole;
    const auto first = range.substr(0, dash);
    const auto last = range.substr(dash + 1);
    if (first.empty()) {
        const auto count = number(last);
        if (!count) return whole;
        if (*count == 0 || size == 0) return {http_range::kind::outside, 0, 0};
        const auto given = std::min(*count, size);
        return {http_range::kind::part, size - given, given};
    }
    const auto begin = number(first);
    const auto end = last.empty() ? std::optional(size) : number(last);
    if (!begin || !end || (!last.empty() && *end < *begin)) return whole;
    if (*begin >= size) return {http_range::kind::outside, 0, 0};
    const auto behind = last.empty() ? size : std::min(*end, size - 1) + 1;
    return {http_range::kind::part, *begin, behind - *begin};
}

}  // namespace twill::inline TWILL_ABI::detail
