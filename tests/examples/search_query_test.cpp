#include "search.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using search::bad_query;
using search::letter_case;
using search::query;
using search::query_kind;

TEST(SearchQuery, words_of_an_address_are_read) {
    const query plain = query::parse("needle", "", "");
    EXPECT_EQ(plain.kind, query_kind::literal);
    EXPECT_EQ(plain.letters, letter_case::smart);
    const query other = query::parse("n.*e", "regex", "exact");
    EXPECT_EQ(other.kind, query_kind::regex);
    EXPECT_EQ(other.letters, letter_case::exact);
}

TEST(SearchQuery, what_cannot_be_looked_for_is_refused_with_a_reason) {
    EXPECT_THROW(static_cast<void>(query::parse("", "", "")), bad_query);
    EXPECT_THROW(static_cast<void>(query::parse("a\nb", "", "")), bad_query);
    EXPECT_THROW(static_cast<void>(query::parse(std::string("a\0b", 3), "", "")), bad_query);
    EXPECT_THROW(static_cast<void>(query::parse("a", "glob", "")), bad_query);
    EXPECT_THROW(static_cast<void>(query::parse("a", "", "loud")), bad_query);
    EXPECT_THROW(static_cast<void>(query::parse(std::string(query::longest + 1, 'a'), "", "")),
                 bad_query);
    EXPECT_NO_THROW(static_cast<void>(query::parse(std::string(query::longest, 'a'), "", "")));
}

TEST(SearchQuery, smart_case_is_ignored_until_there_is_a_capital) {
    EXPECT_TRUE(query::parse("needle", "", "").ignores_case());
    EXPECT_FALSE(query::parse("Needle", "", "").ignores_case());
    EXPECT_TRUE(query::parse("Needle", "", "ignore").ignores_case());
    EXPECT_FALSE(query::parse("needle", "", "exact").ignores_case());
    EXPECT_TRUE(query::parse(R"(\W+\S)", "regex", "").ignores_case()) << "a class is no capital";
    EXPECT_FALSE(query::parse(R"(\\W)", "regex", "").ignores_case());
}

TEST(SearchQuery, an_expression_that_is_none_says_what_is_wrong_with_it) {
    try {
        const search::matcher made(query::parse("foo(", "regex", ""));
        FAIL() << "it was taken";
    } catch (const bad_query& failure) {
        EXPECT_NE(std::string(failure.what()).find("foo("), std::string::npos) << failure.what();
        EXPECT_EQ(std::string(failure.what()).find("(?m)"), std::string::npos) << failure.what();
    }
    EXPECT_THROW(const search::matcher made(query::parse("(x{1000}){1000}", "regex", "")),
                 bad_query);
}

}  // namespace
