#include "json.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>

namespace search {
namespace {

// How long the UTF-8 letter is that begins here; 0 if there is none: a byte that begins no letter,
// a letter that breaks off, one that could be shorter, a surrogate, or none that Unicode has.
std::size_t letter_size(std::string_view text) noexcept {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0U) == 0x80; };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first < 0xe0) return follows(1) ? 2 : 0;
    if (first >= 0xe0 && first < 0xf0) {
        const bool wrong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) >= 0xa0);
        return follows(1) && follows(2) && !wrong ? 3 : 0;
    }
    if (first >= 0xf0 && first < 0xf5) {
        const bool wrong = (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) >= 0x90);
        return follows(1) && follows(2) && follows(3) && !wrong ? 4 : 0;
    }
    return 0;
}

void append_name(std::string& to, std::string_view name) {
    if (!to.empty() && to.back() != '{') to += ',';
    append_json(to, name);
    to += ':';
}

template <class Number>
void append_number(std::string& to, Number number) {
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    to.append(digits.data(), end.ptr);
}

}  // namespace

void append_json(std::string& to, std::string_view text) {
    constexpr std::string_view hex = "0123456789abcdef";
    to += '"';
    while (!text.empty()) {
        const char c = text.front();
        const std::size_t size = letter_size(text);
        if (size == 0) {
            to += "\uFFFD";
        } else if (c == '"' || c == '\\') {
            (to += '\\') += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            const auto byte = static_cast<unsigned char>(c);
            ((to += "\\u00") += hex[byte / 16]) += hex[byte % 16];
        } else {
            to += text.substr(0, size);
        }
        text.remove_prefix(size == 0 ? 1 : size);
    }
    to += '"';
}

void append_member(std::string& to, std::string_view name, std::string_view text) {
    append_name(to, name);
    append_json(to, text);
}
void append_member(std::string& to, std::string_view name, const char* text) {
    append_member(to, name, std::string_view(text));
}
void append_member(std::string& to, std::string_view name, std::uint64_t number) {
    append_name(to, name);
    append_number(to, number);
}
void append_member(std::string& to, std::string_view name, double number) {
    append_name(to, name);
    append_number(to, std::isfinite(number) ? number : 0.0);
}
void append_member(std::string& to, std::string_view name, bool value) {
    append_name(to, name);
    to += value ? "true" : "false";
}

}  // namespace search
