// What is looked for: a text or a regular expression, within a line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace search {

// What was asked cannot be looked for; the message says why, to who asked.
class bad_query : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

enum class query_kind : std::uint8_t { literal, regex };

enum class letter_case : std::uint8_t {
    smart,   // ignored, unless the query has a capital letter
    ignore,  // a regular expression may say (?-i) for a part of it
    exact,
};

struct query {
    std::string text;
    query_kind kind = query_kind::literal;
    letter_case letters = letter_case::smart;

    static constexpr std::size_t longest = 1024;

    // From the words of an address: mode "literal" (or "") or "regex"; case "smart" (or ""),
    // "ignore" or "exact". Throws bad_query, also for a text that is empty, longer than `longest`,
    // or goes beyond a line.
    [[nodiscard]] static query parse(std::string text, std::string_view mode,
                                     std::string_view letters);

    [[nodiscard]] bool ignores_case() const noexcept;
};

}  // namespace search
