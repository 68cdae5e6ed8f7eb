#include <twill/net/http_server.hpp>

#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>

#include "http.hpp"
#include "io/fixtures.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::endpoint;
using twill::task;
using twill::http::exchange;

TEST(HttpConnection, AnswersOneRequestAfterTheOther) {
    beside_server({}, echo_target, [](endpoint there) -> task<> {
        auto stream = co_await twill::connect(there);
        for (int i = 0; i < 3; ++i) {
            const auto target = "/" + std::to_string(i);
            co_await stream.write_all(get(target));
            const auto said = co_await read_until(stream, "\r\n\r\n" + target);
            EXPECT_FALSE(has(said, "Connection:")) << said;
        }
    });
}

TEST(HttpConnection, AnswersPipelinedRequestsInTheirOrder) {
    std::vector<std::string> order;
    const auto answer = [&](exchange& x) -> task<> {
        if (x.request().path() == "/slow")
            for (int i = 0; i < 10; ++i) co_await twill::yield();
        order.emplace_back(x.request().path());
        co_await x.respond(200, std::string(x.request().path()) + ";");
    };
    beside_server({}, answer, [](endpoint there) -> task<> {
        const auto said = co_await ask(
            there, get("/slow") + post("/post", "content", "") + get("/quick") + get_last("/last"));
        const auto at = [&](const char* what) { return said.find("\r\n\r\n" + std::string(what)); };
        EXPECT_LT(at("/slow;"), at("/post;"));
        EXPECT_LT(at("/post;"), at("/quick;"));
        EXPECT_LT(at("/quick;"), at("/last;"));
        EXPECT_NE(at("/last;"), std::string::npos) << said;
    });
    EXPECT_EQ(order, (std::vector<std::string>{"/slow", "/post", "/quick", "/last"}));
}

TEST(HttpConnection, AnswersARequestThatComesByteByByte) {
    beside_server({}, echo_target, [](endpoint there) -> task<> {
        auto stream = co_await twill::connect(there);
        for (const char c : get("/drip")) {
            co_await stream.write_all(std::string_view(&c, 1));
            co_await twill::yield();
        }
        EXPECT_TRUE(has(co_await read_until(stream, "/drip"), "200 OK"));
    });
}

TEST(HttpConnection, ContentThatNobodyReadsIsSkipped) {
    beside_server({}, echo_target, [](endpoint there) -> task<> {
        const auto said =
            co_await ask(there, post("/first", pattern(100'000), "") + get_last("/second"));
        EXPECT_EQ(count_of(said, "200 OK"), 2U) << said;
        EXPECT_TRUE(said.ends_with("/second")) << said;
    });
}

TEST(HttpConnection, ALongContentThatNobodyReadsEndsTheConnection) {
    beside_server({}, echo_target, [](endpoint there) -> task<> {
        const auto said =
            co_await ask(there, post("/first", pattern(1'000'000), "") + get("/second"));
        EXPECT_EQ(count_of(said, "200 OK"), 1U) << said;
        EXPECT_TRUE(has(said, "Connection: close")) << said;
        EXPECT_TRUE(said.ends_with("/first")) << said;
    });
}

TEST(HttpConnection, TellsAClientThatWaitsToGoOn) {
    beside_server({}, echo_content, [](endpoint there) -> task<> {
        auto stream = co_await twill::connect(there);
        co_await stream.write_all(
            "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
        EXPECT_EQ(co_await read_until(stream, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
        co_await stream.write_all("abc");
        EXPECT_TRUE(has(co_await read_until(stream, "abc"), "200 OK"));
        co_await stream.write_all(get("/"));
        EXPECT_TRUE(has(co_await read_until(stream, "\r\n\r\n"), "200 OK"));
    });
}

TEST(HttpConnection, AResponseThatBeginsBeforeTheContentTellsTheClientToGoOn) {
    const auto answer = [](exchange& x) -> task<> {
        x.begin(200, x.request().content_length());
        std::byte piece[100];
        while (const auto got = co_await x.read_some(piece))
            co_await x.write(std::span(piece).first(got));
    };
    beside_server({}, answer, [](endpoint there) -> task<> {
        auto stream = co_await twill::connect(there);
        co_await stream.write_all(
            "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\n");
        EXPECT_EQ(co_await read_until(stream, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
        EXPECT_TRUE(has(co_await read_until(stream, "\r\n\r\n"), "200 OK"));
        co_await stream.write_all("abc");
        EXPECT_EQ(co_await read_until(stream, "abc"), "abc");
        co_await stream.write_all("def" + get("/again"));
        EXPECT_TRUE(has(co_await read_until(stream, "\r\n\r\n"), "def"));
    });
}

TEST(HttpConnection, AClientThatWaitsIsRefusedWithoutItsContent) {
    const auto answer = [](exchange& x) -> task<> { co_await x.respond(403); };
    beside_server({}, answer, [](endpoint there) -> task<> {
        const auto said = co_await ask(
            there,
            "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
        EXPECT_EQ(status_line(said), "HTTP/1.1 403 Forbidden");
        EXPECT_TRUE(has(said, "Connection: close")) << said;
    });
}

TEST(HttpConnection, SpeaksToOldClients) {
    const auto answer = [](exchange& x) -> task<> {
        if (x.request().path() == "/stream") {
            x.begin(200);
            co_await x.write("piece by ");
            co_await x.write("piece");
        } else {
            co_await x.respond(200, "old");
        }
    };
    beside_server({}, answer, [](endpoint there) -> task<> {
        EXPECT_EQ(content_of(co_await ask(there, "GET / HTTP/1.0\r\n\r\n")), "old");
        const auto twice = co_await ask(
            there, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /stream HTTP/1.0\r\n\r\n");
        EXPECT_EQ(count_of(twice, "Connection: keep-alive\r\n"), 1U) << twice;
        EXPECT_TRUE(twice.ends_with("\r\n\r\npiece by piece")) << twice;
        EXPECT_FALSE(has(twice, "chunked")) << twice;
    });
}

TEST(HttpConnection, ServesAnyStream) {
    in_runtime([]() -> task<> {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
            throw std::runtime_error("socketpair failed");
        twill::tcp_stream client(ends[0]);
        const auto answer = [](exchange& x) -> task<> {
            EXPECT_EQ(x.peer(), "");
            co_await x.respond(200, "over a local socket");
        };
        co_await client.write_all(get_last("/"));
        co_await twill::http::serve_stream(twill::any_stream(twill::tcp_stream(ends[1])), answer);
        EXPECT_EQ(content_of(co_await read_to_end(client)), "over a local socket");
    });
}

TEST(HttpConnection, ServeStreamEndsWhenItIsCancelled) {
    in_runtime([]() -> task<> {
        auto [client, server] = co_await connected();
        EXPECT_TRUE(co_await throws<twill::timed_out>(twill::with_timeout(
            10ms, twill::http::serve_stream(twill::any_stream(std::move(server)), echo_target))));
    });
}

}  // namespace
