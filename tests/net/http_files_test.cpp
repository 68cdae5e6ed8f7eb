#include <twill/net/http_files.hpp>

#include <twill/core/error.hpp>
#include <twill/net/http_router.hpp>

#include "http.hpp"
#include "io/fixtures.hpp"
#include "net/http_range.hpp"
#include "support/denied_call.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <initializer_list>
#include <utility>

namespace {

using namespace twill_test;
using twill::endpoint;
using twill::task;
using twill::detail::http_range;
using twill::detail::parse_range;

std::string field_of(const std::string& response, const std::string& name) {
    const auto at = response.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "";
    const auto begin = at + 4 + name.size();
    return response.substr(begin, response.find("\r\n", begin) - begin);
}

std::string last(const std::string& fields = "") { return fields + "Connection: close\r\n"; }

TEST(HttpFiles, GivesFilesOut) {
    temporary_directory folder;
    const auto large = pattern(700'000);
    static_cast<void>(folder.file("a b.txt", "a file", 0644));
    static_cast<void>(folder.file("sub/large.bin", large, 0644));
    static_cast<void>(folder.file("sub/index.html", "<p>index", 0644));
    static_cast<void>(folder.file("empty.css", "", 0644));
    beside_server({}, twill::http::files(folder.path()), [&](endpoint there) -> task<> {
        const auto text = co_await ask(there, get("/a%20b.txt", last()));
        EXPECT_EQ(content_of(text), "a file");
        EXPECT_EQ(field_of(text, "Content-Type"), "text/plain; charset=utf-8");
        EXPECT_TRUE(content_of(co_await ask(there, get("/sub/large.bin", last()))) == large);
        EXPECT_EQ(content_of(co_await ask(there, get("/sub/", last()))), "<p>index");
        EXPECT_EQ(field_of(co_await ask(there, get("/sub", last())), "Location"), "/sub/");
        const auto empty = co_await ask(there, get("/empty.css", last()));
        EXPECT_EQ(status_line(empty), "HTTP/1.1 200 OK");
        EXPECT_EQ(content_of(empty), "");
        const auto head =
            co_await ask(there, "HEAD /sub/large.bin HTTP/1.1\r\nHost: a\r\n" + last() + "\r\n");
        EXPECT_EQ(field_of(head, "Content-Length"), "700000");
        EXPECT_EQ(content_of(head), "");
        EXPECT_EQ(status_line(co_await ask(there, post("/a%20b.txt", ""))),
                  "HTTP/1.1 405 Method Not Allowed");
    });
}

void give_out_nothing_outside_of_the_folder() {
    temporary_directory outside;
    static_cast<void>(outside.file("secret", "secret", 0644));
    static_cast<void>(outside.file("public/open", "open", 0644));
    static_cast<void>(outside.file("public/.hidden", "hidden", 0644));
    const auto folder = outside.path() + "/public";
    EXPECT_EQ(::symlink("../secret", (folder + "/out").c_str()), 0);
    EXPECT_EQ(::symlink((outside.path() + "/secret").c_str(), (folder + "/far").c_str()), 0);
    EXPECT_EQ(::symlink("open", (folder + "/in").c_str()), 0);
    static_cast<void>(outside.file("public/a/b/deep", "deep", 0644));
    EXPECT_EQ(::symlink("a/./b", (folder + "/folder").c_str()), 0);
    EXPECT_EQ(::symlink("../../open", (folder + "/a/b/up").c_str()), 0);
    EXPECT_EQ(::symlink("../../../secret", (folder + "/a/b/out").c_str()), 0);
    EXPECT_EQ(::symlink("circle", (folder + "/circle").c_str()), 0);
    EXPECT_EQ(::symlink("../public/open", (folder + "/round").c_str()), 0);
    EXPECT_EQ(::mkfifo((folder + "/fifo").c_str(), 0644), 0);
    beside_server({}, twill::http::files(folder), [](endpoint there) -> task<> {
        EXPECT_EQ(content_of(co_await ask(there, get("/in", last()))), "open");
        EXPECT_EQ(content_of(co_await ask(there, get("/folder/deep", last()))), "deep");
        EXPECT_EQ(content_of(co_await ask(there, get("/folder/up", last()))), "open");
        const auto folder_itself = co_await ask(there, get("/folder", last()));
        EXPECT_EQ(status_line(folder_itself), "HTTP/1.1 301 Moved Permanently");
        for (const char* path : {"/../secret",
                                 "/%2e%2e/secret",
                                 "/..%2fsecret",
                                 "/sub/../../secret",
                                 "/%2fetc/passwd",
                                 "//etc/passwd",
                                 "/out",
                                 "/far",
                                 "/fifo",
                                 "/.hidden",
                                 "/open%00.txt",
                                 "/absent",
                                 "/open/",
                                 "/open/x",
                                 "/",
                                 "/folder/out",
                                 "/circle",
                                 "/circle/x",
                                 "/round",
                                 "/in/x"}) {
            const auto said = co_await ask(there, get(path, last()));
            EXPECT_EQ(status_line(said), "HTTP/1.1 404 Not Found") << path;
            EXPECT_FALSE(has(said, "secret")) << path;
        }
    });
}

TEST(HttpFiles, NothingOutsideOfTheFolderIsGivenOut) { give_out_nothing_outside_of_the_folder(); }

// Old kernels, and sandboxes that know no better.
TEST(HttpFiles, NothingOutsideOfTheFolderIsGivenOutWithoutOpenat2) {
    for (const int error : {ENOSYS, EPERM})
        in_own_thread([error] {
            ASSERT_TRUE(deny_call(SYS_openat2, error));
            give_out_nothing_outside_of_the_folder();
        });
}

void send_a_long_one() {
    temporary_directory folder;
    const auto large = pattern(20'000'003);
    static_cast<void>(folder.file("large", large, 0644));
    beside_server({}, twill::http::files(folder.path()), [&](endpoint there) -> task<> {
        EXPECT_TRUE(content_of(co_await ask(there, get("/large", last()))) == large);
        const auto part =
            co_await ask(there, get("/large", last("Range: bytes=1000001-9999999\r\n")));
        EXPECT_EQ(status_line(part), "HTTP/1.1 206 Partial Content");
        EXPECT_TRUE(content_of(part) == large.substr(1'000'001, 8'999'999));
        // Another request follows on the same connection.
        const auto both = co_await ask(there, get("/large") + get("/large", last()));
        EXPECT_EQ(both.find(large), both.find("\r\n\r\n") + 4);
        EXPECT_NE(both.find("HTTP/1.1 200 OK\r\n", large.size()), std::string::npos);
        EXPECT_TRUE(both.ends_with(large));
    });
}

// The kernel sends what is long, as fast as the client reads it.
TEST(HttpFiles, ALongOneIsSentWholeAndInRanges) { send_a_long_one(); }

TEST(HttpFiles, ALongOneIsSentWholeAndInRangesWithoutSendfile) {
    for (const int error : {EINVAL, ENOSYS, EPERM})
        in_own_thread([error] {
            ASSERT_TRUE(deny_call(SYS_sendfile, error));
            send_a_long_one();
        });
}

TEST(HttpFiles, WhatAClientHasIsNotSentAgain) {
    temporary_directory folder;
    static_cast<void>(folder.file("a.txt", "first", 0644));
    beside_server(
        {}, twill::http::files(folder.path(), {.cache_control = "max-age=5"}),
        [&](endpoint there) -> task<> {
            const auto first = co_await ask(there, get("/a.txt", last()));
            const auto tag = field_of(first, "ETag");
            EXPECT_TRUE(tag.size() > 2 && tag.starts_with('"') && tag.ends_with('"')) << first;
            EXPECT_EQ(field_of(first, "Cache-Control"), "max-age=5");
            const auto again =
                co_await ask(there, get("/a.txt", last("If-None-Match: \"x\", W/" + tag + "\r\n")));
            EXPECT_EQ(status_line(again), "HTTP/1.1 304 Not Modified");
            EXPECT_EQ(content_of(again), "");
            EXPECT_EQ(field_of(again, "ETag"), tag);
            static_cast<void>(folder.file("a.txt", "longer than before", 0644));
            const auto changed =
                co_await ask(there, get("/a.txt", last("If-None-Match: " + tag + "\r\n")));
            EXPECT_EQ(content_of(changed), "longer than before");
            EXPECT_NE(field_of(changed, "ETag"), tag);
        });
}

// So old that the date alone tells it from every other one.
void set_time(const std::string& path, std::time_t when) {
    const timespec times[2] = {{when, 500'000'000}, {when, 500'000'000}};
    EXPECT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
}
constexpr std::time_t in_1994 = 784'111'777;
constexpr const char* date_in_1994 = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr const char* second_before = "Sun, 06 Nov 1994 08:49:36 GMT";

TEST(HttpFiles, WhatAClientHasByItsDateIsNotSentAgain) {
    temporary_directory folder;
    set_time(folder.file("a.txt", "text", 0644), in_1994);
    beside_server({}, twill::http::files(folder.path()), [&](endpoint there) -> task<> {
        const auto asked = [&](const std::string& fields) -> task<std::string> {
            co_return status_line(co_await ask(there, get("/a.txt", last(fields))));
        };
        const auto first = co_await ask(there, get("/a.txt", last()));
        EXPECT_EQ(field_of(first, "Last-Modified"), date_in_1994);
        const auto since = [](const std::string& date) {
            return "If-Modified-Since: " + date + "\r\n";
        };
        EXPECT_EQ(co_await asked(since(date_in_1994)), "HTTP/1.1 304 Not Modified");
        EXPECT_EQ(co_await asked(since(second_before)), "HTTP/1.1 200 OK");
        // The tag is the more exact of the two: it decides alone.
        const auto tag = "If-None-Match: " + field_of(first, "ETag") + "\r\n";
        EXPECT_EQ(co_await asked(since(date_in_1994) + "If-None-Match: \"other\"\r\n"),
                  "HTTP/1.1 200 OK");
        EXPECT_EQ(co_await asked(since(second_before) + tag), "HTTP/1.1 304 Not Modified");
        EXPECT_EQ(co_await asked("If-Match: \"other\"\r\n"), "HTTP/1.1 412 Precondition Failed");
        const auto head = co_await ask(
            there, "HEAD /a.txt HTTP/1.1\r\nHost: a\r\n" + last(since(date_in_1994)) + "\r\n");
        EXPECT_EQ(status_line(head), "HTTP/1.1 304 Not Modified");
    });
}

TEST(HttpFiles, AFileFromTheFutureHasNoDateLaterThanTheResponse) {
    temporary_directory folder;
    set_time(folder.file("a.txt", "text", 0644), std::time_t{1} << 33);
    beside_server({}, twill::http::files(folder.path()), [&](endpoint there) -> task<> {
        const auto said = co_await ask(there, get("/a.txt", last()));
        EXPECT_FALSE(field_of(said, "Last-Modified").ends_with("2242 12:56:32 GMT")) << said;
        EXPECT_EQ(status_line(said), "HTTP/1.1 200 OK");
    });
}

TEST(HttpFiles, GivesPartsToWhoHasTheSameOneByItsDate) {
    temporary_directory folder;
    set_time(folder.file("old.txt", "0123456789", 0644), in_1994);
    const auto young = folder.file("young.txt", "0123456789", 0644);
    beside_server({}, twill::http::files(folder.path()), [&](endpoint there) -> task<> {
        const auto part = [&](const std::string& name,
                              const std::string& date) -> task<std::string> {
            const auto said = co_await ask(
                there, get(name, last("Range: bytes=2-4\r\nIf-Range: " + date + "\r\n")));
            co_return content_of(said);
        };
        EXPECT_EQ(co_await part("/old.txt", date_in_1994), "234");
        EXPECT_EQ(co_await part("/old.txt", "Sunday, 06-Nov-94 08:49:37 GMT"), "234");
        // Not the very one, although it is not newer.
        EXPECT_EQ(co_await part("/old.txt", "Mon, 07 Nov 1994 08:49:37 GMT"), "0123456789");
        EXPECT_EQ(co_await part("/old.txt", second_before), "0123456789");
        EXPECT_EQ(co_await part("/old.txt", "nonsense"), "0123456789");
        const auto whole = co_await ask(there, get("/old.txt", last()));
        EXPECT_EQ(co_await part("/old.txt", "W/" + field_of(whole, "ETag")), "0123456789");
        // It may change again within the second that its date names.
        set_time(young, std::time(nullptr));
        const auto now = field_of(co_await ask(there, get("/young.txt", last())), "Last-Modified");
        EXPECT_EQ(co_await part("/young.txt", now), "0123456789");
    });
}

// RFC 9110, 14.2: a Range is of GET alone.
TEST(HttpFiles, AHeadIsThatOfTheWholeWhateverRangeIsAskedFor) {
    temporary_directory folder;
    static_cast<void>(folder.file("a.txt", "0123456789", 0644));
    beside_server({}, twill::http::files(folder.path()), [&](endpoint there) -> task<> {
        for (const char* range : {"bytes=2-4", "bytes=10-"}) {
            const auto head =
                co_await ask(there, "HEAD /a.txt HTTP/1.1\r\nHost: a\r\n" +
                                        last("Range: " + std::string(range) + "\r\n") + "\r\n");
            EXPECT_EQ(status_line(head), "HTTP/1.1 200 OK") << range;
            EXPECT_EQ(field_of(head, "Content-Length"), "10") << range;
            EXPECT_EQ(field_of(head, "Content-Range"), "") << range;
            EXPECT_EQ(field_of(head, "Accept-Ranges"), "bytes") << range;
            EXPECT_EQ(content_of(head), "") << range;
        }
    });
}

TEST(HttpFiles, GivesParts) {
    temporary_directory folder;
    static_cast<void>(folder.file("a.txt", "0123456789", 0644));
    twill::http::router routes;
    routes.on("GET", "/s/{path...}", twill::http::files(folder.path()));
    beside_server({}, routes, [](endpoint there) -> task<> {
        const auto part = co_await ask(there, get("/s/a.txt", last("Range: bytes=2-4\r\n")));
        EXPECT_EQ(status_line(part), "HTTP/1.1 206 Partial Content");
        EXPECT_EQ(field_of(part, "Content-Range"), "bytes 2-4/10");
        EXPECT_EQ(content_of(part), "234");
        const auto outside = co_await ask(there, get("/s/a.txt", last("Range: bytes=10-\r\n")));
        EXPECT_EQ(status_line(outside), "HTTP/1.1 416 Range Not Satisfiable");
        EXPECT_EQ(field_of(outside, "Content-Range"), "bytes */10");
        const auto stale = co_await ask(
            there, get("/s/a.txt", last("Range: bytes=2-4\r\nIf-Range: \"other\"\r\n")));
        EXPECT_EQ(content_of(stale), "0123456789");
        const auto fresh = co_await ask(
            there, get("/s/a.txt",
                       last("Range: bytes=-3\r\nIf-Range: " + field_of(part, "ETag") + "\r\n")));
        EXPECT_EQ(content_of(fresh), "789");
    });
}

TEST(HttpFiles, ReadsRanges) {
    const auto read = [](std::string_view field, std::uint64_t size) {
        const auto range = parse_range(field, size);
        if (range.is == http_range::kind::whole) return std::string("whole");
        if (range.is == http_range::kind::outside) return std::string("outside");
        return std::to_string(range.begin) + "+" + std::to_string(range.size);
    };
    for (const auto& [field, wanted] : std::initializer_list<std::pair<const char*, const char*>>{
             {"bytes=0-0", "0+1"},
             {"bytes=0-9", "0+10"},
             {"bytes=0-99", "0+10"},
             {"bytes=9-", "9+1"},
             {"bytes=10-", "outside"},
             {"bytes=10-12", "outside"},
             {"bytes=-1", "9+1"},
             {"bytes=-99", "0+10"},
             {"bytes=-0", "outside"},
             {"BYTES=1-2", "1+2"},
             {"bytes=5-2", "whole"},
             {"bytes=1-2,4-5", "whole"},
             {"bytes=a-b", "whole"},
             {"bytes=-", "whole"},
             {"bytes=", "whole"},
             {"", "whole"},
             {"lines=1-2", "whole"},
             {"bytes=--1", "whole"},
             {"bytes=0-18446744073709551615", "0+10"},
             {"bytes=18446744073709551616-", "whole"}})
        EXPECT_EQ(read(field, 10), wanted) << field;
    EXPECT_EQ(read("bytes=0-0", 0), "outside");
    EXPECT_EQ(read("bytes=-1", 0), "outside");
}

// "//name/" in a Location is a host.
TEST(HttpFiles, ARedirectToAFolderNeverLeadsToAnotherHost) {
    temporary_directory folder;
    static_cast<void>(folder.file("example.org/index.html", "index", 0644));
    twill::http::router routes;
    routes.on("GET", "/{path...}", twill::http::files(folder.path()));
    for (const bool by_router : {false, true}) {
        const auto answer = by_router ? twill::http::handler(routes)
                                      : twill::http::handler(twill::http::files(folder.path()));
        beside_server({}, answer, [](endpoint there) -> task<> {
            const auto plain = co_await ask(there, get("/example.org", last()));
            EXPECT_EQ(field_of(plain, "Location"), "/example.org/");
            for (const char* path : {"//example.org", "///example.org", "http://a//example.org"}) {
                const auto said = co_await ask(there, get(path, last()));
                const auto location = field_of(said, "Location");
                EXPECT_TRUE(location.empty() || location == "/example.org/") << path << said;
            }
        });
    }
}

TEST(HttpFiles, KnowsTypes) {
    EXPECT_EQ(twill::http::content_type("a/b.HTML"), "text/html; charset=utf-8");
    EXPECT_EQ(twill::http::content_type("x.tar.svg"), "image/svg+xml");
    EXPECT_EQ(twill::http::content_type("x"), "application/octet-stream");
    EXPECT_EQ(twill::http::content_type("x."), "application/octet-stream");
}

TEST(HttpFiles, AFolderThatIsNotThereIsToldAtOnce) {
    EXPECT_THROW(twill::http::files("/absent/folder"), twill::io_error);
}

}  // namespace
