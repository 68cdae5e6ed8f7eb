#include <twill/net/http_exchange.hpp>

#include <twill/core/error.hpp>
#include <twill/core/sleep.hpp>

#include "http.hpp"
#include "io/fixtures.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::endpoint;
using twill::task;
using twill::http::exchange;

TEST(HttpContent, ReadsContentOfAnyForm) {
    beside_server({.connection = {.max_content = 1 << 22}}, echo_content,
                  [](endpoint there) -> task<> {
                      EXPECT_EQ(content_of(co_await ask(there, post("/", "abc"))), "abc");
                      EXPECT_EQ(content_of(co_await ask(there, post("/", ""))), "");
                      const auto large = pattern(3'000'000);
                      EXPECT_TRUE(content_of(co_await ask(there, post("/", large))) == large);
                      const std::string head =
                          "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: "
                          "chunked\r\n\r\n";
                      EXPECT_EQ(content_of(co_await ask(
                                    there, head + "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX: y\r\n\r\n")),
                                "abcde");
                      std::string chunks = head;
                      for (std::size_t at = 0; at < large.size(); at += 10'000)
                          chunks += "2710\r\n" + large.substr(at, 10'000) + "\r\n";
                      EXPECT_TRUE(content_of(co_await ask(there, chunks + "0\r\n\r\n")) == large);
                  });
}

TEST(HttpContent, GivesTheContentPieceByPiece) {
    const auto answer = [](exchange& x) -> task<> {
        std::byte buffer[3];
        std::string sizes;
        while (const auto got = co_await x.read_some(buffer)) sizes += std::to_string(got);
        co_await x.respond(200, sizes);
    };
    beside_server({}, answer, [](endpoint there) -> task<> {
        EXPECT_EQ(content_of(co_await ask(there, post("/", "12345678"))), "332");
    });
}

TEST(HttpContent, HeadGetsTheHeadAlone) {
    beside_server({}, echo_target, [](endpoint there) -> task<> {
        const auto said =
            co_await ask(there, "HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n" + get_last("/b"));
        EXPECT_EQ(count_of(said, "Content-Length: 2\r\n"), 2U) << said;
        EXPECT_FALSE(has(said, "/aHTTP")) << said;
        EXPECT_TRUE(said.ends_with("\r\n\r\n/b")) << said;
    });
}

TEST(HttpContent, SomeResponsesHaveNoContent) {
    const auto answer = [](exchange& x) -> task<> {
        co_await x.respond(x.request().path() == "/204" ? 204 : 304, "dropped");
    };
    beside_server({}, answer, [](endpoint there) -> task<> {
        const auto said = co_await ask(there, get("/204") + get_last("/304"));
        EXPECT_TRUE(has(said, "204 No Content")) << said;
        EXPECT_TRUE(has(said, "304 Not Modified")) << said;
        EXPECT_FALSE(has(said, "dropped")) << said;
        EXPECT_FALSE(has(said, "Content-")) << said;
    });
}

TEST(HttpContent, AResetContentHasNone) {
    const auto answer = [](exchange& x) -> task<> { co_await x.respond(205, "dropped"); };
    beside_server({}, answer, [](endpoint there) -> task<> {
        const auto said = co_await ask(there, get_last("/"));
        EXPECT_TRUE(has(said, "Content-Length: 0\r\n")) << said;
        EXPECT_EQ(content_of(said), "");
    });
}

TEST(HttpContent, AFieldIsSetOnceAndAddedAsOftenAsOneLikes) {
    const auto answer = [](exchange& x) -> task<> {
        x.set("X-One", "first").set("Content-Type", "text/html");
        x.add("Set-Cookie", "a=b").add("Set-Cookie", "c=d");
        x.set("x-one", "second").set("content-type", "text/css");
        co_await x.respond(200, "x");
    };
    beside_server({}, answer, [](endpoint there) -> task<> {
        const auto said = co_await ask(there, get_last("/"));
        EXPECT_FALSE(has(said, "first")) << said;
        EXPECT_FALSE(has(said, "html")) << said;
        EXPECT_TRUE(has(said, "\r\nx-one: second\r\n")) << said;
        EXPECT_TRUE(has(said, "\r\ncontent-type: text/css\r\n")) << said;
        EXPECT_TRUE(has(said, "\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n")) << said;
    });
}

TEST(HttpContent, SendsAContentOfUnknownLengthInChunks) {
    const auto answer = [](exchange& x) -> task<> {
        x.set("Content-Type", "text/html").set("X-Mine", "yes");
        x.begin(200);
        co_await x.write("hello ");
        co_await x.flush();
        co_await x.write("");
        co_await x.write("world");
    };
    beside_server({}, answer, [](endpoint there) -> task<> {
        const auto said = co_await ask(there, get_last("/"));
        EXPECT_EQ(content_of(said), "6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n");
        EXPECT_TRUE(has(said, "Transfer-Encoding: chunked\r\n")) << said;
        EXPECT_TRUE(has(said, "X-Mine: yes\r\n")) << said;
        EXPECT_EQ(count_of(said, "Content-Type"), 1U) << said;
        EXPECT_FALSE(has(said, "Content-Length")) << said;
    });
}

TEST(HttpContent, SendsLargeContents) {
    const auto text = pattern(5'000'000);
    const auto answer = [&](exchange& x) -> task<> {
        if (x.request().path() == "/whole") {
            co_await x.respond(200, text);
        } else {
            x.begin(200, text.size());
            for (std::size_t at = 0; at < text.size(); at += 70'001)
                co_await x.write(std::string_view(text).substr(at, 70'001));
        }
    };
    beside_server({}, answer, [&](endpoint there) -> task<> {
        EXPECT_TRUE(content_of(co_await ask(there, get_last("/whole"))) == text);
        EXPECT_TRUE(content_of(co_await ask(there, get_last("/pieces"))) == text);
    });
}

// Ten thousand connections that announce a mebibyte each must not make the server hold ten.
TEST(HttpContent, AnnouncingMuchCostsTheServerLittle) {
    std::atomic<std::size_t> waiting{0};
    const auto answer = [&](exchange& x) -> task<> {
        ++waiting;
        co_await x.text();
    };
    beside_server({.connection = {.max_content = 1ULL << 30}}, answer,
                  [&](endpoint there) -> task<> {
                      const auto resident = [] {
                          std::ifstream status("/proc/self/statm");
                          std::size_t pages = 0;
                          status >> pages >> pages;
                          return pages * 4096;
                      };
                      const auto before = resident();
                      std::vector<twill::tcp_stream> all;
                      for (std::size_t i = 0; i < 8; ++i) {
                          all.push_back(co_await twill::connect(there));
                          co_await all.back().write_all(
                              "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\nx");
                      }
                      while (waiting != 8) co_await twill::sleep(1ms);
                      EXPECT_LT(resident() - before, 64U << 20U);
                  });
}

TEST(HttpContent, MisuseIsAnError) {
    const auto answer = [](exchange& x) -> task<> {
        EXPECT_THROW(static_cast<void>(x.write("x")), twill::usage_error);
        EXPECT_THROW(x.set("a b", "c"), twill::usage_error);
        EXPECT_THROW(x.set("a", "b\r\nSet-Cookie: c"), twill::usage_error);
        EXPECT_THROW(x.set("content-length", "5"), twill::usage_error);
        EXPECT_THROW(x.begin(100), twill::usage_error);
        // A type that a client has chosen, for example.
        EXPECT_THROW(static_cast<void>(x.respond(200, "x", "text/html\r\nSet-Cookie: a=b")),
                     twill::usage_error);
        EXPECT_FALSE(x.begun());
        x.begin(200, 2);
        EXPECT_TRUE(x.begun());
        EXPECT_THROW(x.set("a", "b"), twill::usage_error);
        EXPECT_THROW(static_cast<void>(x.write("abc")), twill::usage_error);
        co_await x.write("ab");
        EXPECT_THROW(static_cast<void>(x.respond(200, "twice")), twill::usage_error);
    };
    beside_server({}, answer, [](endpoint there) -> task<> {
        EXPECT_EQ(content_of(co_await ask(there, get_last("/"))), "ab");
    });
}

}  // namespace
