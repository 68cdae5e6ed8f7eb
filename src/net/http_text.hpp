// What may stand in fields, and numbers as messages have them.
#pragma once

#include <twill/core/config.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

namespace twill::inline TWILL_ABI::detail {

// A method, or the name of a field.
inline bool is_http_token(std::string_view text) noexcept {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::ranges::all_of(text, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               others.find(c) != std::string_view::npos;
    });
}

// The value of a field: a line end in it would begin another field.
inline bool is_http_value(std::string_view text) noexcept {
    return std::ranges::none_of(text, [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
    });
}

template <class String>
void append_number(String& to, std::uint64_t number, int base = 10) {
    char digits[20];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), number, base).ptr;
    to.append(digits, end);
}

// `content`, which is not empty, as a chunk.
template <class String>
void append_chunk(String& to, std::string_view content) {
    append_number(to, content.size(), 16);
    to.append("\r\n").append(content).append("\r\n");
}
inline constexpr std::string_view http_last_chunk = "0\r\n\r\n";

}  // namespace twill::inline TWILL_ABI::detail
