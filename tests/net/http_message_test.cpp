#include <twill/net/http_message.hpp>

#include <gtest/gtest.h>

namespace {

using twill::http::field;
using twill::http::percent_decoded;
using twill::http::request;

request of_target(std::string_view target) {
    request made;
    made.assign({.method = "GET", .target = target}, {});
    return made;
}

TEST(HttpMessage, DecodesPercentSigns) {
    EXPECT_EQ(percent_decoded("a%20b+c"), "a b+c");
    EXPECT_EQ(percent_decoded("a%20b+c", true), "a b c");
    EXPECT_EQ(percent_decoded("%41%4a%4A"), "AJJ");
    EXPECT_EQ(percent_decoded("100%"), std::nullopt);
    EXPECT_EQ(percent_decoded("%4"), std::nullopt);
    EXPECT_EQ(percent_decoded("%4g"), std::nullopt);
    EXPECT_EQ(percent_decoded("%00"), std::string(1, '\0'));
}

TEST(HttpMessage, TakesATargetApart) {
    EXPECT_EQ(of_target("/a/b?x=1").path(), "/a/b");
    EXPECT_EQ(of_target("/a/b?x=1").query(), "x=1");
    EXPECT_EQ(of_target("/a?").query(), "");
    EXPECT_EQ(of_target("http://host:80/a?b").path(), "/a");
    EXPECT_EQ(of_target("http://host?b").path(), "/");
    EXPECT_EQ(of_target("http://host?b").query(), "b");
    EXPECT_EQ(of_target("http://host").path(), "/");
    // An address in the query makes no absolute target.
    EXPECT_EQ(of_target("/go?to=http://other/").path(), "/go");
}

TEST(HttpMessage, FindsValuesOfTheQuery) {
    const auto x = of_target("/find?q=a%20b+c&empty=&flag&n%61me=d&q=second&broken=%zz");
    EXPECT_EQ(x.query("q"), "a b c");
    EXPECT_EQ(x.query("name"), "d");
    EXPECT_EQ(x.query("broken"), "%zz");
    EXPECT_EQ(x.find_query("empty"), "");
    EXPECT_EQ(x.find_query("flag"), "");
    EXPECT_EQ(x.find_query("absent"), std::nullopt);
    EXPECT_EQ(x.query("absent"), "");
}

TEST(HttpMessage, FindsFieldsWhateverTheirCase) {
    const field fields[] = {{"Accept", "a"}, {"X-Thing", "b"}, {"accept", "c"}};
    request made;
    made.assign({.method = "GET", .target = "/"}, fields);
    EXPECT_EQ(made.header("ACCEPT"), "a");
    EXPECT_EQ(made.header("x-thing"), "b");
    EXPECT_EQ(made.header("x-thin"), "");
    EXPECT_EQ(made.fields().size(), 3U);
}

TEST(HttpMessage, KnowsReasons) {
    EXPECT_EQ(twill::http::reason(200), "OK");
    EXPECT_EQ(twill::http::reason(404), "Not Found");
    EXPECT_EQ(twill::http::reason(505), "HTTP Version Not Supported");
    EXPECT_EQ(twill::http::reason(299), "");
    EXPECT_EQ(twill::http::reason(0), "");
    EXPECT_EQ(twill::http::reason(999), "");
}

}  // namespace
