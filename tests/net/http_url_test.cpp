#include <twill/net/http_url.hpp>

#include <gtest/gtest.h>

#include <initializer_list>
#include <utility>

namespace {

using twill::http::url;

std::string read(std::string_view text) {
    const auto made = url::parse(text);
    return made ? made->to_string() : "none";
}

TEST(HttpUrl, ReadsAddresses) {
    EXPECT_EQ(url::parse("http://example.org/a?b#c"),
              (url{.secure = false, .host = "example.org", .port = 80, .target = "/a?b"}));
    EXPECT_EQ(url::parse("HTTPS://Example.ORG:8443"),
              (url{.secure = true, .host = "example.org", .port = 8443, .target = "/"}));
    EXPECT_EQ(url::parse("http://[2001:DB8::1]:81/"),
              (url{.secure = false, .host = "2001:db8::1", .port = 81, .target = "/"}));
    EXPECT_EQ(read("http://a?q=http://b/"), "http://a/?q=http://b/");
    EXPECT_EQ(read("https://a:443/"), "https://a/");
    EXPECT_EQ(read("http://a:/x"), "http://a/x");
    EXPECT_EQ(read("http://[::1]:8080/x"), "http://[::1]:8080/x");
    EXPECT_EQ(read("http://a/#x/y"), "http://a/");
}

TEST(HttpUrl, RefusesWhatIsNone) {
    for (const char* text : {"",
                             "a",
                             "/a",
                             "http:/a",
                             "http://",
                             "http:///a",
                             "ftp://a/",
                             "http://u@a/",
                             "http://u:p@a/",
                             "http://a:0/",
                             "http://a:65536/",
                             "http://a:-1/",
                             "http://a:80x/",
                             "http://a b/",
                             "http://a/ b",
                             "http://a/\r\nX: y",
                             "http://a\tb/",
                             "http://[::1/",
                             "http://[::1]x/",
                             "http://[a/b]/",
                             "http://a\\b/",
                             "http://a%00/",
                             " http://a/"})
        EXPECT_EQ(read(text), "none") << text;
}

TEST(HttpUrl, ResolvesReferences) {
    const auto base = *url::parse("http://a:81/b/c/d;p?q");
    // From RFC 3986, 5.4.
    for (const auto& [reference, wanted] :
         std::initializer_list<std::pair<const char*, const char*>>{
             {"g", "http://a:81/b/c/g"},
             {"./g", "http://a:81/b/c/g"},
             {"g/", "http://a:81/b/c/g/"},
             {"/g", "http://a:81/g"},
             {"//g", "http://g/"},
             {"?y", "http://a:81/b/c/d;p?y"},
             {"g?y", "http://a:81/b/c/g?y"},
             {"#s", "http://a:81/b/c/d;p?q"},
             {"g#s", "http://a:81/b/c/g"},
             {"", "http://a:81/b/c/d;p?q"},
             {".", "http://a:81/b/c/"},
             {"..", "http://a:81/b/"},
             {"../g", "http://a:81/b/g"},
             {"../../g", "http://a:81/g"},
             {"../../../g", "http://a:81/g"},
             {"/./g", "http://a:81/g"},
             {"/../g", "http://a:81/g"},
             {"g.", "http://a:81/b/c/g."},
             {"./g/.", "http://a:81/b/c/g/"},
             {"g/./h", "http://a:81/b/c/g/h"},
             {"g/../h", "http://a:81/b/c/h"},
             {"g?y/../x", "http://a:81/b/c/g?y/../x"},
             {"https://x/y", "https://x/y"},
             {"/go?to=http://x/", "http://a:81/go?to=http://x/"}}) {
        const auto made = base.resolve(reference);
        EXPECT_EQ(made ? made->to_string() : "none", wanted) << reference;
    }
    EXPECT_EQ(base.resolve("mailto:x"), std::nullopt);
    EXPECT_EQ(base.resolve("javascript:alert(1)"), std::nullopt);
    EXPECT_EQ(base.resolve("/a b"), std::nullopt);
    EXPECT_EQ(base.resolve("/a\r\nX: y"), std::nullopt);
}

}  // namespace
