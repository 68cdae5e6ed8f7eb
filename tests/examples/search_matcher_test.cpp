#include "search.hpp"

#include <gtest/gtest.h>

#include <search/literal.hpp>

#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using search::letter_case;
using search::literal;
using search::match;
using search::matcher;
using search_test::literal_query;
using search_test::regex_query;

std::string random_text(std::mt19937& random, std::size_t size, std::string_view letters) {
    std::string made(size, ' ');
    for (char& each : made) each = letters[random() % letters.size()];
    return made;
}

char lowered(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::size_t find_slowly(std::string_view text, std::string_view needle, bool ignore_case,
                        std::size_t from) {
    const auto same = [&](char a, char b) {
        return ignore_case ? lowered(a) == lowered(b) : a == b;
    };
    for (; from + needle.size() <= text.size(); ++from) {
        std::size_t i = 0;
        while (i < needle.size() && same(text[from + i], needle[i])) ++i;
        if (i == needle.size()) return from;
    }
    return std::string_view::npos;
}

// Every line by itself, by an expression that was prepared in no way.
std::vector<match> find_lines_slowly(const matcher& what, std::string_view text) {
    std::vector<match> all;
    for (std::size_t from = 0; from < text.size();) {
        const auto end = std::min(text.find('\n', from), text.size());
        std::vector<match> in;
        what.find_in_line(text.substr(from, end - from), 1, in);
        if (!in.empty()) all.push_back({from + in[0].begin, from + in[0].end});
        from = end + 1;
    }
    return all;
}

TEST(SearchLiteral, finds_the_same_as_a_plain_loop) {
    std::mt19937 random(7);
    for (int round = 0; round < 20'000; ++round) {
        // Few letters, so that there is much that nearly fits. The needle lies at the very end of
        // what may be read, and the text begins anywhere.
        const auto text = random_text(random, random() % 200, "abAB@`.");
        const auto needle = random_text(random, 1 + random() % 6, "abAB@`.");
        const bool ignore_case = random() % 2 == 0;
        const literal finder(needle, ignore_case);
        for (std::size_t from = 0; from <= text.size(); ++from) {
            const std::vector<char> exact(text.begin(), text.end());
            ASSERT_EQ(finder.find({exact.data(), exact.size()}, from),
                      find_slowly(text, needle, ignore_case, from))
                << '"' << needle << "\" in \"" << text << "\" from " << from;
            from += random() % 40;
        }
    }
}

TEST(SearchLiteral, every_byte_can_be_looked_for) {
    for (int byte = 0; byte < 256; ++byte) {
        std::string text(300, byte == 'x' ? 'y' : 'x');
        text[150] = static_cast<char>(byte);
        EXPECT_EQ(literal(std::string(1, static_cast<char>(byte)), false).find(text, 0), 150U);
    }
}

TEST(SearchMatcher, lines_found_by_literals_are_those_found_one_by_one) {
    std::mt19937 random(11);
    const std::vector<std::string> expressions = {
        "abc",       "a.c",       "(ab|cd)e",        "^ab",           "ab$",
        "^$",        "a*",        R"(\bab\b)",       "ab+c?d",        "(?:abc|cde)+",
        "[abc]{3}d", "(?i)ABC",   R"(\Aab)",         R"(ab\z)",       "(?-m)^ab",
        R"(\\A|ab)", "ab[^x]*cd", "ab\\scd",         "(ab|cd|ee|be)", "\u017Fa",
        "k\u212A",   "s+k",       "(a|b|c|d|e)(a|b)"};
    for (int round = 0; round < 300; ++round) {
        auto text = random_text(random, random() % 400, "abcde \n\n");
        if (round % 3 == 0) text += "sk \u017Fk s\u212A \u017Fa\nk\u212A";
        const auto one = search_test::document_of("", text);
        for (const auto& expression : expressions) {
            for (const letter_case letters : {letter_case::exact, letter_case::ignore}) {
                const matcher what(regex_query(expression, letters));
                std::vector<match> found;
                what.find_lines(text, one->plain, text.size() + 1, found);
                ASSERT_EQ(found, find_lines_slowly(what, text))
                    << expression << " in \"" << text << '"';
            }
        }
    }
}

TEST(SearchMatcher, expressions_are_reduced_to_literals_where_there_are_any) {
    const auto literals = [](const char* expression) {
        return matcher(regex_query(expression, letter_case::exact)).literals();
    };
    EXPECT_EQ(literals("unsigned\\s+int"), 1U);
    EXPECT_EQ(literals("(alpha|beta|gamma)[0-9]"), 3U);
    EXPECT_EQ(literals("[a-z]+"), 0U) << "any line may have it";
    EXPECT_EQ(literals("foo|.*"), 0U);
}

TEST(SearchMatcher, a_literal_that_ignores_case_knows_the_letters_beyond_ascii) {
    const matcher what(literal_query("größe", letter_case::ignore));
    std::vector<match> found;
    const std::string text = "eins\nGRÖßE\ndrei\n";
    what.find_lines(text, true, 10, found);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(text.substr(found[0].begin, found[0].end - found[0].begin), "GRÖßE");
}

TEST(SearchMatcher, special_characters_of_a_literal_stand_for_themselves) {
    const matcher what(literal_query("é.*(", letter_case::ignore));
    std::vector<match> found;
    what.find_lines("éxx(\nÉ.*(\n", true, 10, found);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].begin, 6U);
}

TEST(SearchMatcher, no_more_lines_than_asked_for) {
    const std::string text = "a\na\na\na\n";
    for (const auto& what :
         {literal_query("a", letter_case::exact), regex_query("a", letter_case::exact),
          regex_query(".", letter_case::exact), regex_query(R"(\Aa)", letter_case::exact)}) {
        std::vector<match> found;
        matcher(what).find_lines(text, true, 3, found);
        EXPECT_EQ(found.size(), 3U) << what.text;
    }
}

}  // namespace
