#include "net/http_conditions.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

namespace {

using twill::detail::condition_of;
using twill::detail::has_etag;
using twill::detail::http_condition;
using twill::detail::may_give_part;
using twill::detail::tag_match;
using twill::http::field;

// 06 Nov 1994 08:49:37, long ago.
constexpr twill::detail::http_validators have{"\"mine\"", 784'111'777, 1'795'000'000};
constexpr const char* same = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr const char* before = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr const char* later = "Sun, 06 Nov 1994 08:49:38 GMT";

twill::http::request with(const std::vector<field>& fields) {
    twill::http::request made;
    made.assign({.method = "GET", .target = "/"}, fields);
    return made;
}
http_condition asked(const std::vector<field>& fields) { return condition_of(with(fields), have); }

TEST(HttpConditions, WithoutAnyItIsMet) { EXPECT_EQ(asked({}), http_condition::met); }

TEST(HttpConditions, WhatTheClientHasIsUnchanged) {
    EXPECT_EQ(asked({{"If-None-Match", "\"mine\""}}), http_condition::unchanged);
    EXPECT_EQ(asked({{"if-none-match", "W/\"mine\""}}), http_condition::unchanged);
    EXPECT_EQ(asked({{"If-None-Match", "\"other\""}, {"If-None-Match", "\"mine\""}}),
              http_condition::unchanged);
    EXPECT_EQ(asked({{"If-None-Match", "\"other\""}}), http_condition::met);
    EXPECT_EQ(asked({{"If-Modified-Since", same}}), http_condition::unchanged);
    EXPECT_EQ(asked({{"If-Modified-Since", later}}), http_condition::unchanged);
    EXPECT_EQ(asked({{"If-Modified-Since", before}}), http_condition::met);
}

TEST(HttpConditions, ATagDecidesBeforeADate) {
    EXPECT_EQ(asked({{"If-Modified-Since", same}, {"If-None-Match", "\"other\""}}),
              http_condition::met);
    EXPECT_EQ(asked({{"If-Modified-Since", before}, {"If-None-Match", "\"mine\""}}),
              http_condition::unchanged);
    EXPECT_EQ(asked({{"If-Unmodified-Since", before}, {"If-Match", "\"mine\""}}),
              http_condition::met);
}

TEST(HttpConditions, WhatTheClientMeansIsGone) {
    EXPECT_EQ(asked({{"If-Match", "\"other\""}}), http_condition::failed);
    EXPECT_EQ(asked({{"If-Match", "W/\"mine\""}}), http_condition::failed);
    EXPECT_EQ(asked({{"If-Match", "*"}}), http_condition::met);
    EXPECT_EQ(asked({{"If-Unmodified-Since", before}}), http_condition::failed);
    EXPECT_EQ(asked({{"If-Unmodified-Since", same}}), http_condition::met);
    EXPECT_EQ(asked({{"If-Match", "\"other\""}, {"If-None-Match", "\"mine\""}}),
              http_condition::failed);
}

TEST(HttpConditions, WhatIsNoDateCountsForNothing) {
    for (const char* name : {"If-Modified-Since", "If-Unmodified-Since"}) {
        EXPECT_EQ(asked({{name, "yesterday"}}), http_condition::met) << name;
        EXPECT_EQ(asked({{name, ""}}), http_condition::met) << name;
    }
    EXPECT_EQ(asked({{"If-Modified-Since", same}, {"If-Modified-Since", same}}),
              http_condition::met);
}

TEST(HttpConditions, APartFitsToTheVerySameOnly) {
    const auto may = [](const char* value) {
        return may_give_part(with({{"If-Range", value}}), have);
    };
    EXPECT_TRUE(may_give_part(with({}), have));
    EXPECT_TRUE(may("\"mine\""));
    EXPECT_FALSE(may("\"other\""));
    EXPECT_FALSE(may("W/\"mine\""));
    EXPECT_TRUE(may(same));
    EXPECT_FALSE(may(before));
    EXPECT_FALSE(may(later));
    EXPECT_FALSE(may("yesterday"));
    auto young = have;
    young.now = young.modified + 1;
    EXPECT_FALSE(may_give_part(with({{"If-Range", same}}), young));
}

TEST(HttpConditions, ReadsListsOfTags) {
    const auto weak = tag_match::weak;
    EXPECT_TRUE(has_etag("\"a\"", "\"a\"", weak));
    EXPECT_TRUE(has_etag("\"b\" , W/\"a\"", "\"a\"", weak));
    EXPECT_TRUE(has_etag("*", "\"a\"", weak));
    EXPECT_FALSE(has_etag("", "\"a\"", weak));
    EXPECT_FALSE(has_etag("\"ab\"", "\"a\"", weak));
    EXPECT_FALSE(has_etag("a", "\"a\"", weak));
    EXPECT_FALSE(has_etag("\"a", "\"a\"", weak));
    EXPECT_TRUE(has_etag("W/\"a\", \"a\"", "\"a\"", tag_match::strong));
    EXPECT_FALSE(has_etag("W/\"a\"", "\"a\"", tag_match::strong));
}

}  // namespace
