#include "text.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>

namespace twill::inline TWILL_ABI::detail {
namespace {

constexpr char32_t replacement = 0xFFFD;

void append_utf8(std::string& out, char32_t point) {
    const auto byte = [&](char32_t value) { out += static_cast<char>(value); };
    if (point < 0x80) {
        byte(point);
    } else if (point < 0x800) {
        byte(0xC0 | (point >> 6));
        byte(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        byte(0xE0 | (point >> 12));
        byte(0x80 | ((point >> 6) & 0x3F));
        byte(0x80 | (point & 0x3F));
    } else {
        byte(0xF0 | (point >> 18));
        byte(0x80 | ((point >> 12) & 0x3F));
        byte(0x80 | ((point >> 6) & 0x3F));
        byte(0x80 | (point & 0x3F));
    }
}

}  // namespace

char32_t take_code_point(std::string_view& rest) noexcept {
    const auto first = static_cast<std::uint8_t>(rest[0]);
    const std::size_t length = first < 0x80             ? 1
                               : (first & 0xE0) == 0xC0 ? 2
                               : (first & 0xF0) == 0xE0 ? 3
                               : (first & 0xF8) == 0xF0 ? 4
                                                        : 0;
    char32_t point = length == 1 ? first : first & (0x7FU >> length);
    bool valid = length != 0 && length <= rest.size();
    for (std::size_t i = 1; valid && i < length; ++i) {
        const auto next = static_cast<std::uint8_t>(rest[i]);
        valid = (next & 0xC0) == 0x80;
        point = (point << 6) | (next & 0x3FU);
    }
    constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    valid = valid && point >= smallest[length] && point <= 0x10FFFF &&
            (point < 0xD800 || point > 0xDFFF);
    rest.remove_prefix(valid ? length : 1);
    return valid ? point : replacement;
}

std::size_t code_points(std::string_view text) noexcept {
    std::size_t count = 0;
    for (; !text.empty(); ++count) take_code_point(text);
    return count;
}

std::string shortened(std::string_view text, std::size_t most) {
    if (text.size() <= most) return std::string(text);
    std::string_view rest = text;
    std::size_t cut = 0;  // after the first most - 1
    for (std::size_t taken = 0; taken < most && !rest.empty(); ++taken) {
        cut = text.size() - rest.size();
        take_code_point(rest);
    }
    if (rest.empty()) return std::string(text);
    return std::string(text.substr(0, cut)) + "\xE2\x80\xA6";
}

void append_json(std::string& out, std::string_view text) {
    while (!text.empty()) {
        const char32_t point = take_code_point(text);
        if (point == '"' || point == '\\') {
            out += '\\';
            out += static_cast<char>(point);
        } else if (point == '\n') {
            out += "\\n";
        } else if (point == '\t') {
            out += "\\t";
        } else if (point < 0x20) {
            constexpr char digits[] = "0123456789abcdef";
            out += "\\u00";
            out += digits[point >> 4];
            out += digits[point & 15];
        } else {
            append_utf8(out, point);
        }
    }
}

void append_xml(std::string& out, std::string_view text) {
    while (!text.empty()) {
        const char32_t point = take_code_point(text);
        switch (point) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            case '\n':
                out += "&#10;";
                break;
            case '\t':
                out += "&#9;";
                break;
            default:
                append_utf8(
                    out, point < 0x20 || point == 0xFFFE || point == 0xFFFF ? replacement : point);
        }
    }
}

void append_number(std::string& out, double number, int decimals) {
    char digits[64];
    const auto end =
        std::to_chars(digits, digits + sizeof digits, number, std::chars_format::fixed, decimals)
            .ptr;
    std::string_view text(digits, static_cast<std::size_t>(end - digits));
    if (text.find('.') != std::string_view::npos) {
        text = text.substr(0, text.find_last_not_of('0') + 1);
        if (text.ends_with('.')) text.remove_suffix(1);
    }
    out += text == "-0" ? "0" : text;
}

std::string readable(duration length) {
    struct unit {
        double size;
        const char* name;
    };
    constexpr unit units[] = {{1e9, " s"}, {1e6, " ms"}, {1e3, " \xC2\xB5s"}, {1, " ns"}};
    const auto nanoseconds = static_cast<double>(length.count());
    const unit* fits = units;
    // 999.7 us reads better as 1 ms than as 1000 us.
    while (fits->size > 1 && std::abs(nanoseconds) < fits->size * 0.9995) ++fits;
    const double shown = nanoseconds / fits->size;
    std::string out;
    append_number(out, shown, std::abs(shown) < 9.995 ? 2 : std::abs(shown) < 99.95 ? 1 : 0);
    return out + fits->name;
}

}  // namespace twill::inline TWILL_ABI::detail
