#include "net/http_date.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <initializer_list>
#include <optional>

namespace {

using twill::detail::http_date;
using twill::detail::parse_http_date;

constexpr std::time_t in_1994 = 784'111'777;
constexpr std::time_t in_2026 = 1'795'000'000;

TEST(HttpDate, IsWrittenAsTheRfcHasIt) {
    EXPECT_EQ(http_date(in_1994), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(HttpDate, IsReadInAllThreeForms) {
    for (const char* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                             "Sun Nov  6 08:49:37 1994"})
        EXPECT_EQ(parse_http_date(text, in_2026), in_1994) << text;
    EXPECT_EQ(parse_http_date("Sun Nov 16 08:49:37 1994", in_2026), in_1994 + 10 * 86'400);
    EXPECT_EQ(parse_http_date("Thu, 29 Feb 2024 23:59:60 GMT", in_2026), 1'709'251'199);
}

TEST(HttpDate, AYearOfTwoDigitsIsAtMostFiftyYearsAhead) {
    EXPECT_EQ(parse_http_date("Friday, 01-Jan-76 00:00:00 GMT", in_2026), 3'345'062'400);
    EXPECT_EQ(parse_http_date("Saturday, 01-Jan-77 00:00:00 GMT", in_2026), 220'924'800);
}

TEST(HttpDate, OthersAreNone) {
    for (const char* text : {"",
                             "Sun",
                             "Sun,",
                             "nonsense",
                             "0",
                             "Sun, 06 Nov 1994 08:49:37",
                             "784111777",
                             "Sun, 06 Nov 1994 08:49:37 UTC",
                             "Sun, 06 Nov 1994 08:49:37 GMT ",
                             "Sun, 6 Nov 1994 08:49:37 GMT",
                             "Xyz, 06 Nov 1994 08:49:37 GMT",
                             "Sun, 06 Xyz 1994 08:49:37 GMT",
                             "Sun, 00 Nov 1994 08:49:37 GMT",
                             "Sun, 31 Nov 1994 08:49:37 GMT",
                             "Wed, 29 Feb 2023 00:00:00 GMT",
                             "Sun, 06 Nov 1994 24:49:37 GMT",
                             "Sun, 06 Nov 1994 08:60:37 GMT",
                             "Sun, 06 Nov 1994 08:49:61 GMT",
                             "Sun, 06 Nov -994 08:49:37 GMT",
                             "Sun, 06-Nov-94 08:49:37 GMT",
                             "Sunday, 06 Nov 1994 08:49:37 GMT",
                             "Sun Nov 6 08:49:37 1994",
                             "Sun Nov  6 08:49:37 94",
                             "Sun, 06 Nov 1994 08:49:+7 GMT"})
        EXPECT_EQ(parse_http_date(text, in_2026), std::nullopt) << text;
}

}  // namespace
