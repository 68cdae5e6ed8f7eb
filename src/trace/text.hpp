// Text for the writers: arbitrary bytes in, valid UTF-8 out, escaped for JSON or XML.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/time.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace twill::inline TWILL_ABI::detail {

// Takes one code point off the front of `rest`, which must not be empty. A byte that does not begin
// a well-formed sequence (overlong forms and surrogates are none) counts as U+FFFD by itself.
char32_t take_code_point(std::string_view& rest) noexcept;

[[nodiscard]] std::size_t code_points(std::string_view text) noexcept;

// `text` when it has at most `most` code points, else its beginning and an ellipsis.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t most);

// Without the quotes around it.
void append_json(std::string& out, std::string_view text);

// For attributes and content; characters that XML cannot carry become U+FFFD.
void append_xml(std::string& out, std::string_view text);

// At most `decimals` digits after the point, without trailing zeros, whatever the locale.
void append_number(std::string& out, double number, int decimals);

// "12.3 ms": three significant digits, in the unit that suits.
[[nodiscard]] std::string readable(duration length);

}  // namespace twill::inline TWILL_ABI::detail
