#include <twill/net/http_server.hpp>

#include <twill/core/cancellation.hpp>
#include <twill/core/error.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/core/when_any.hpp>

#include <twill/net/http_client.hpp>

#include "http.hpp"
#include "io/fixtures.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <initializer_list>
#include <mutex>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::endpoint;
using twill::task;
using twill::http::exchange;

task<> echo_target(exchange& x) { co_await x.respond(200, std::string(x.request().target())); }

TEST(HttpServer, Answers) {
    beside_server({}, echo_target, [](endpoint there) -> task<> {
        const auto said = co_await ask(there, get_last("/hello"));
        EXPECT_EQ(status_line(said), "HTTP/1.1 200 OK");
        EXPECT_EQ(content_of(said), "/hello");
        EXPECT_TRUE(has(said, "\r\nContent-Length: 6\r\n")) << said;
        EXPECT_TRUE(has(said, "\r\nContent-Type: text/plain; charset=utf-8\r\n")) << said;
        EXPECT_TRUE(has(said, "\r\nConnection: close\r\n")) << said;
        EXPECT_TRUE(has(said, "\r\nDate: ")) << said;
        EXPECT_TRUE(has(said, " GMT\r\n")) << said;
    });
}

TEST(HttpServer, AnswersOneRequestAfterTheOther) {
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

TEST(HttpServer, AnswersPipelinedRequestsInTheirOrder) {
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

TEST(HttpServer, AnswersARequestThatComesByteByByte) {
    beside_server({}, echo_target, [](endpoint there) -> task<> {
        auto stream = co_await twill::connect(there);
        for (const char c : get("/drip")) {
            co_await stream.write_all(std::string_view(&c, 1));
            co_await twill::yield();
        }
        EXPECT_TRUE(has(co_await read_until(stream, "/drip"), "200 OK"));
    });
}

task<> echo_content(exchange& x) {
    const auto text = co_await x.text();
    co_await x.respond(200, text);
}

TEST(HttpServer, ReadsContentOfAnyForm) {
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

TEST(HttpServer, GivesTheContentPieceByPiece) {
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

TEST(HttpServer, ContentThatNobodyReadsIsSkipped) {
    beside_server({}, echo_target, [](endpoint there) -> task<> {
        const auto said =
            co_await ask(there, post("/first", pattern(100'000), "") + get_last("/second"));
        EXPECT_EQ(count_of(said, "200 OK"), 2U) << said;
        EXPECT_TRUE(said.ends_with("/second")) << said;
    });
}

TEST(HttpServer, ALongContentThatNobodyReadsEndsTheConnection) {
    beside_server({}, echo_target, [](endpoint there) -> task<> {
        const auto said =
            co_await ask(there, post("/first", pattern(1'000'000), "") + get("/second"));
        EXPECT_EQ(count_of(said, "200 OK"), 1U) << said;
        EXPECT_TRUE(has(said, "Connection: close")) << said;
        EXPECT_TRUE(said.ends_with("/first")) << said;
    });
}

TEST(HttpServer, TellsAClientThatWaitsToGoOn) {
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

TEST(HttpServer, AResponseThatBeginsBeforeTheContentTellsTheClientToGoOn) {
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

TEST(HttpServer, AClientThatWaitsIsRefusedWithoutItsContent) {
    const auto answer = [](exchange& x) -> task<> { co_await x.respond(403); };
    beside_server({}, answer, [](endpoint there) -> task<> {
        const auto said = co_await ask(
            there,
            "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
        EXPECT_EQ(status_line(said), "HTTP/1.1 403 Forbidden");
        EXPECT_TRUE(has(said, "Connection: close")) << said;
    });
}

TEST(HttpServer, HeadGetsTheHeadAlone) {
    beside_server({}, echo_target, [](endpoint there) -> task<> {
        const auto said =
            co_await ask(there, "HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n" + get_last("/b"));
        EXPECT_EQ(count_of(said, "Content-Length: 2\r\n"), 2U) << said;
        EXPECT_FALSE(has(said, "/aHTTP")) << said;
        EXPECT_TRUE(said.ends_with("\r\n\r\n/b")) << said;
    });
}

TEST(HttpServer, SomeResponsesHaveNoContent) {
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

TEST(HttpServer, AFieldIsSetOnceAndAddedAsOftenAsOneLikes) {
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

TEST(HttpServer, AResetContentHasNone) {
    const auto answer = [](exchange& x) -> task<> { co_await x.respond(205, "dropped"); };
    beside_server({}, answer, [](endpoint there) -> task<> {
        const auto said = co_await ask(there, get_last("/"));
        EXPECT_TRUE(has(said, "Content-Length: 0\r\n")) << said;
        EXPECT_EQ(content_of(said), "");
    });
}

TEST(HttpServer, SpeaksToOldClients) {
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

TEST(HttpServer, SendsAContentOfUnknownLengthInChunks) {
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

TEST(HttpServer, SendsLargeContents) {
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

struct reports {
    std::vector<std::string> lines;
    twill::http::server_options options() {
        return {
            .connection = {.report = [this](std::string_view line) { lines.emplace_back(line); }}};
    }
};

TEST(HttpServer, WhatAHandlerThrowsBecomesAResponseAndAReport) {
    reports told;
    const auto answer = [](exchange& x) -> task<> {
        if (x.request().path() == "/none") co_return;
        if (x.request().path() == "/status") throw twill::http::error(418, "I am a teapot");
        if (x.request().path() == "/number") throw 7;
        x.set("X-Secret", "never sent");
        throw std::runtime_error("the database is away");
    };
    beside_server(told.options(), answer, [](endpoint there) -> task<> {
        const auto said = co_await ask(
            there, get("/throws") + get("/none") + get("/number") + get_last("/status"));
        EXPECT_EQ(count_of(said, "500 Internal Server Error"), 3U) << said;
        EXPECT_FALSE(has(said, "database")) << said;
        EXPECT_FALSE(has(said, "X-Secret")) << said;
        EXPECT_TRUE(has(said, "HTTP/1.1 418 \r\n")) << said;
        EXPECT_TRUE(said.ends_with("I am a teapot\n")) << said;
    });
    EXPECT_EQ(told.lines, (std::vector<std::string>{
                              "http: GET /throws: the database is away",
                              "http: GET /none: the handler ended without a response",
                              "http: GET /number: the handler threw what is no std::exception"}));
}

TEST(HttpServer, AResponseThatBreaksOffIsNotTakenForWhole) {
    reports told;
    const auto answer = [](exchange& x) -> task<> {
        if (x.request().path() == "/short") {
            x.begin(200, 10);
            co_await x.write("12345");
            co_await x.flush();
            co_return;
        }
        x.begin(200);
        co_await x.write("begun");
        co_await x.flush();
        throw std::runtime_error("in the middle");
    };
    beside_server(told.options(), answer, [](endpoint there) -> task<> {
        const auto chunked = co_await ask(there, get("/"));
        EXPECT_FALSE(has(chunked, "0\r\n\r\n")) << chunked;
        EXPECT_TRUE(chunked.ends_with("[Connection reset by peer]")) << chunked;
        const auto old = co_await ask(there, "GET / HTTP/1.0\r\n\r\n");
        EXPECT_TRUE(old.ends_with("[Connection reset by peer]")) << old;
        const auto brief = co_await ask(there, get("/short"));
        EXPECT_TRUE(brief.ends_with("[Connection reset by peer]")) << brief;
    });
    EXPECT_EQ(told.lines.size(), 3U);
}

TEST(HttpServer, MisuseIsAnError) {
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

TEST(HttpServer, RefusesWhatItCannotTake) {
    const twill::http::server_options options{
        .connection = {.max_head = 1000, .max_fields = 10, .max_content = 1000}};
    beside_server(options, echo_content, [](endpoint there) -> task<> {
        const auto status = [&](std::string text) -> task<std::string> {
            const auto said = co_await ask(there, std::move(text));
            EXPECT_TRUE(has(said, "Connection: close\r\n")) << said;
            co_return status_line(said);
        };
        EXPECT_EQ(co_await status("nonsense\r\n\r\n"), "HTTP/1.1 400 Bad Request");
        EXPECT_EQ(co_await status("GET / HTTP/1.1\n\n"), "HTTP/1.1 400 Bad Request");
        EXPECT_EQ(co_await status(get("/" + std::string(2000, 'a'))), "HTTP/1.1 414 URI Too Long");
        EXPECT_EQ(co_await status(get("/", "X: " + std::string(2000, 'a') + "\r\n")),
                  "HTTP/1.1 431 Request Header Fields Too Large");
        EXPECT_EQ(co_await status(post("/", std::string(1001, 'a'))),
                  "HTTP/1.1 413 Content Too Large");
        const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        EXPECT_EQ(co_await status(head + "3e9\r\n"), "HTTP/1.1 413 Content Too Large");
        EXPECT_EQ(co_await status(head + "x\r\n"), "HTTP/1.1 400 Bad Request");
        EXPECT_EQ(co_await status(head + "0\r\nX: " + std::string(40'000, 'a')),
                  "HTTP/1.1 431 Request Header Fields Too Large");
    });
}

TEST(HttpServer, NothingBehindAMalformedRequestIsAnswered) {
    beside_server({}, echo_content, [](endpoint there) -> task<> {
        const auto said = co_await ask(there,
                                       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                                       "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" +
                                           get_last("/smuggled"));
        EXPECT_EQ(count_of(said, "HTTP/1.1 "), 1U) << said;
        EXPECT_EQ(status_line(said), "HTTP/1.1 400 Bad Request");
    });
}

TEST(HttpServer, AHeadThatDripsIsCutOff) {
    beside_server({.connection = {.head_limit = 50ms}}, echo_target, [](endpoint there) -> task<> {
        auto stream = co_await twill::connect(there);
        std::string said;
        // Each byte comes in time; the head as a whole does not.
        const auto drip = [&]() -> task<> {
            co_await stream.write_all("GET / HTTP/1.1\r\nX: ");
            for (;;) {
                co_await twill::sleep(5ms);
                co_await stream.write_all("a");
            }
        };
        const auto read = [&]() -> task<> { said = co_await read_to_end(stream); };
        co_await twill::when_any(read(), throws<twill::io_error>(drip()));
        EXPECT_EQ(status_line(said), "HTTP/1.1 408 Request Timeout");
    });
}

TEST(HttpServer, AnIdleConnectionIsClosed) {
    beside_server({.connection = {.idle_limit = 30ms}}, echo_target, [](endpoint there) -> task<> {
        EXPECT_EQ(co_await ask(there, ""), "");
        const auto said = co_await ask(there, get("/one"));
        EXPECT_TRUE(said.ends_with("/one")) << said;
    });
}

TEST(HttpServer, AHandlerThatTakesTooLongIsCancelled) {
    int cut = 0;
    const auto answer = [&](exchange& x) -> task<> {
        if (x.request().path() == "/begun") {
            x.begin(200);
            co_await x.flush();
        }
        try {
            co_await for_ever();
        } catch (const twill::cancelled&) {
            ++cut;
            throw;
        }
    };
    beside_server({.connection = {.request_limit = 30ms}}, answer, [](endpoint there) -> task<> {
        EXPECT_EQ(status_line(co_await ask(there, get("/"))), "HTTP/1.1 503 Service Unavailable");
        const auto begun = co_await ask(there, get("/begun"));
        EXPECT_TRUE(begun.ends_with("\r\n\r\n")) << begun;
    });
    EXPECT_EQ(cut, 2);
}

TEST(HttpServer, AnAnswerIsNotLostWithTheOneBehindIt) {
    reports told;
    auto options = told.options();
    options.connection.request_limit = 30ms;
    const auto answer = [](exchange& x) -> task<> {
        if (x.request().path() == "/slow") co_await for_ever();
        co_await x.respond(200, "answered;");
        if (x.request().path() == "/breaks") throw std::runtime_error("after it had answered");
        if (x.request().path() == "/status") throw twill::http::error(7, "no status");
    };
    beside_server(options, answer, [](endpoint there) -> task<> {
        const auto slow = co_await ask(there, get("/quick") + get("/slow"));
        EXPECT_EQ(count_of(slow, "answered;HTTP/1.1 503"), 1U) << slow;
        // Nothing of the response was sent: it can still be another one.
        for (const char* bad : {"/breaks", "/status"}) {
            const auto said = co_await ask(there, get("/quick") + get(bad) + get_last("/last"));
            EXPECT_EQ(count_of(said, "answered;HTTP/1.1 500"), 1U) << said;
            EXPECT_TRUE(said.ends_with("answered;")) << said;
            EXPECT_EQ(count_of(said, "answered;"), 2U) << said;
        }
    });
}

TEST(HttpServer, AHandlerMayAskForMoreTime) {
    const auto answer = [](exchange& x) -> task<> {
        x.limit(1h);
        co_await twill::sleep(200ms);
        co_await x.respond(200, "late");
    };
    beside_server({.connection = {.request_limit = 20ms}}, answer, [](endpoint there) -> task<> {
        EXPECT_EQ(content_of(co_await ask(there, get_last("/"))), "late");
    });
}

TEST(HttpServer, AContentThatDoesNotComeIsCutOff) {
    beside_server(
        {.connection = {.stall_limit = 30ms}}, echo_content, [](endpoint there) -> task<> {
            const auto said =
                co_await ask(there, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
            EXPECT_EQ(status_line(said), "HTTP/1.1 408 Request Timeout");
        });
}

TEST(HttpServer, AClientThatNeverReadsIsCutOff) {
    const auto text = pattern(1 << 20);
    bool cut = false;
    const auto answer = [&](exchange& x) -> task<> {
        x.begin(200);
        try {
            for (;;) co_await x.write(text);
        } catch (const twill::cancelled&) {
            cut = true;
            throw;
        }
    };
    beside_server({.connection = {.stall_limit = 50ms}}, answer, [&](endpoint there) -> task<> {
        auto stream = co_await twill::connect(there);
        co_await stream.write_all(get("/"));
        while (!cut) co_await twill::sleep(5ms);
    });
}

TEST(HttpServer, AHandlerIsCancelledWhenItsClientLeaves) {
    bool begun = false;
    bool cut = false;
    const auto answer = [&](exchange&) -> task<> {
        begun = true;
        try {
            co_await for_ever();
        } catch (const twill::cancelled&) {
            cut = true;
            throw;
        }
    };
    beside_server({}, answer, [&](endpoint there) -> task<> {
        {
            auto stream = co_await twill::connect(there);
            co_await stream.write_all(get("/") + get("/and another"));
            while (!begun) co_await twill::sleep(1ms);
        }
        while (!cut) co_await twill::sleep(5ms);
    });
}

TEST(HttpServer, AClientThatLeavesInTheMiddleOfAContentIsNoFailure) {
    reports told;
    bool ended = false;
    const auto answer = [&](exchange& x) -> task<> {
        try {
            co_await x.text();
        } catch (const twill::end_of_stream&) {
            ended = true;
            throw;
        }
    };
    beside_server(told.options(), answer, [&](endpoint there) -> task<> {
        {
            auto stream = co_await twill::connect(there);
            co_await stream.write_all("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
        }
        while (!ended) co_await twill::sleep(1ms);
    });
    EXPECT_EQ(told.lines, std::vector<std::string>());
}

// Serves until `stop` says so, and then until the server has ended.
task<> serve_until(std::stop_token stop, twill::http::server& server, twill::http::handler answer) {
    EXPECT_TRUE(co_await throws<twill::cancelled>(
        twill::with_stop_token(std::move(stop), server.serve(std::move(answer)))));
}

TEST(HttpServer, ItEndsWhenWhatWasAskedIsAnswered) {
    in_runtime([]() -> task<> {
        twill::http::server server({.address = "127.0.0.1"});
        std::stop_source stop;
        bool let_go = false;
        int begun = 0;
        const auto answer = [&](exchange& x) -> task<> {
            ++begun;
            while (!let_go) co_await twill::sleep(1ms);
            co_await x.respond(200, "answered");
        };
        const auto visit = [&]() -> task<> {
            const auto said = co_await ask(server.local(), get("/"));
            EXPECT_EQ(content_of(said), "answered");
            EXPECT_TRUE(has(said, "Connection: close\r\n")) << said;
        };
        const auto end = [&]() -> task<> {
            const auto there = server.local();
            auto idle = co_await twill::connect(there);
            while (begun < 20) co_await twill::sleep(1ms);
            stop.request_stop();
            EXPECT_EQ(co_await read_to_end(idle), "");
            EXPECT_EQ(co_await error_of(twill::connect(there)), std::errc::connection_refused);
            let_go = true;
        };
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn(end);
            for (int i = 0; i < 20; ++i) s.spawn(visit);
            co_await serve_until(stop.get_token(), server, answer);
            EXPECT_EQ(server.connections(), 0U);
            EXPECT_TRUE(let_go);
        });
    });
}

TEST(HttpServer, ARequestThatWasOnItsWayWhenItEndsIsAnswered) {
    in_runtime([]() -> task<> {
        twill::http::server server({.address = "127.0.0.1"});
        std::stop_source stop;
        const auto visit = [&]() -> task<> {
            auto old = co_await twill::connect(server.local());
            co_await old.write_all(get("/before"));
            EXPECT_TRUE(has(co_await read_until(old, "/before"), "200 OK"));
            auto fresh = co_await twill::connect(server.local());
            // No other task runs before the end: the server has seen neither.
            co_await old.write_all(get("/old"));
            co_await fresh.write_all(get("/fresh"));
            stop.request_stop();
            EXPECT_TRUE(has(co_await read_until(old, "/old"), "200 OK"));
            EXPECT_TRUE(has(co_await read_until(fresh, "/fresh"), "200 OK"));
        };
        co_await twill::when_all(visit(), serve_until(stop.get_token(), server, echo_target));
    });
}

// The first request of a new connection may be on the wire.
TEST(HttpServer, AFreshConnectionIsWaitedForWhenItEnds) {
    in_runtime([]() -> task<> {
        twill::http::server server({.address = "127.0.0.1"});
        std::stop_source stop;
        const auto visit = [&]() -> task<> {
            auto fresh = co_await twill::connect(server.local());
            while (server.connections() != 1) co_await twill::sleep(1ms);
            stop.request_stop();
            for (int i = 0; i < 20; ++i) co_await twill::yield();
            co_await fresh.write_all(get("/fresh"));
            const auto said = co_await read_to_end(fresh);
            EXPECT_TRUE(has(said, "200 OK")) << said;
            EXPECT_TRUE(has(said, "Connection: close")) << said;
        };
        co_await twill::when_all(visit(), serve_until(stop.get_token(), server, echo_target));
    });
}

// What lies unread in the kernel when a socket is closed makes it reset the connection.
TEST(HttpServer, TheLastResponseIsNotOvertakenByAReset) {
    in_runtime([]() -> task<> {
        twill::http::server server({.address = "127.0.0.1"});
        std::stop_source stop;
        bool let_go = false;
        bool begun = false;
        const auto answer = [&](exchange& x) -> task<> {
            begun = true;
            while (!let_go) co_await twill::sleep(1ms);
            co_await x.respond(200, "answered");
        };
        const auto visit = [&]() -> task<> {
            auto stream = co_await twill::connect(server.local());
            co_await stream.write_all(get("/first"));
            while (!begun) co_await twill::sleep(1ms);
            // Comes when the server has decided to close behind the first.
            co_await stream.write_all(get("/second"));
            stop.request_stop();
            co_await twill::sleep(5ms);
            let_go = true;
            EXPECT_TRUE(content_of(co_await read_to_end(stream)).starts_with("answered"));
        };
        co_await twill::when_all(visit(), serve_until(stop.get_token(), server, answer));
    });
}

TEST(HttpServer, WhoIsIdleMakesRoomForOthers) {
    beside_server({.max_connections = 2}, echo_target, [](endpoint there) -> task<> {
        auto first = co_await twill::connect(there);
        co_await first.write_all(get("/first"));
        EXPECT_TRUE(has(co_await read_until(first, "/first"), "200 OK"));
        auto second = co_await twill::connect(there);
        EXPECT_EQ(content_of(co_await ask(there, get_last("/third"))), "/third");
        EXPECT_EQ(co_await read_to_end(first), "");
    });
}

TEST(HttpServer, ListensAtAUnixSocket) {
    const temporary_directory folder;
    const auto place = folder.path() + "/door";
    in_runtime([&]() -> task<> {
        twill::http::server server({.unix_socket = place});
        EXPECT_THROW(static_cast<void>(server.local()), twill::usage_error);
        const auto answer = [](exchange& x) -> task<> {
            EXPECT_EQ(x.peer(), "");
            co_await x.respond(200, x.request().header("Host"));
        };
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn(&twill::http::server::serve, &server, answer);
            twill::http::client web({.unix_socket = place});
            for (int i = 0; i < 2; ++i) {
                auto got = co_await web.get("http://any.where/");
                EXPECT_EQ(co_await got.text(), "any.where");
            }
            s.cancel();
        });
        EXPECT_FALSE(fs::exists(place));
    });
}

// Ten thousand connections that announce a mebibyte each must not make the server hold ten.
TEST(HttpServer, AnnouncingMuchCostsTheServerLittle) {
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

TEST(HttpServer, WhatTakesTooLongToEndIsCancelled) {
    in_runtime([]() -> task<> {
        twill::http::server server({.address = "127.0.0.1", .drain_limit = 30ms});
        bool begun = false;
        bool cut = false;
        const auto answer = [&](exchange&) -> task<> {
            begun = true;
            try {
                co_await for_ever();
            } catch (const twill::cancelled&) {
                cut = true;
                throw;
            }
        };
        auto stream = co_await twill::connect(server.local());
        co_await stream.write_all(get("/"));
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn(&twill::http::server::serve, &server, answer);
            while (!begun) co_await twill::sleep(1ms);
            s.cancel();
        });
        EXPECT_TRUE(cut);
    });
}

TEST(HttpServer, ConnectionsBeyondTheLimitWait) {
    int at_once = 0;
    int most = 0;
    const auto answer = [&](exchange& x) -> task<> {
        most = std::max(most, ++at_once);
        co_await twill::sleep(2ms);
        --at_once;
        co_await x.respond(200, "answered");
    };
    beside_server({.max_connections = 2}, answer, [](endpoint there) -> task<> {
        std::vector<task<std::string>> all;
        for (int i = 0; i < 8; ++i) all.push_back(ask(there, get_last("/")));
        for (const auto& each : co_await twill::when_all(std::move(all)))
            EXPECT_EQ(content_of(each), "answered");
    });
    EXPECT_EQ(most, 2);
}

TEST(HttpServer, TheAccessLogIsToldOfWhatWasRefusedToo) {
    std::vector<std::string> lines;
    twill::http::server_options options;
    options.connection.request_limit = 30ms;
    options.connection.head_limit = 50ms;
    options.connection.access_log = [&](const twill::http::access& x) {
        lines.push_back(std::string(x.request.method()) + ' ' + std::to_string(x.status));
    };
    const auto answer = [](exchange& x) -> task<> {
        if (x.request().path() == "/begun") {
            x.begin(200);
            co_await x.flush();
        }
        co_await for_ever();
    };
    beside_server(options, answer, [](endpoint there) -> task<> {
        co_await ask(there, "nonsense\r\n\r\n");
        co_await ask(there, "GET / HT");
        co_await ask(there, "HEAD /slow HTTP/1.1\r\nHost: a\r\n\r\n");
        co_await ask(there, get("/begun"));
    });
    EXPECT_EQ(lines, (std::vector<std::string>{" 400", " 408", "HEAD 503", "GET 200"}));
}

TEST(HttpServer, ALogThatFailsCostsNoResponse) {
    reports told;
    auto options = told.options();
    options.connection.access_log = [](const twill::http::access& x) {
        if (x.request.path() == "/number") throw 7;
        throw std::runtime_error("no space left on device");
    };
    beside_server(options, echo_target, [](endpoint there) -> task<> {
        const auto said = co_await ask(there, get("/one") + get("/number") + get_last("/last"));
        EXPECT_EQ(count_of(said, "200 OK"), 3U) << said;
    });
    EXPECT_EQ(told.lines,
              (std::vector<std::string>{"http: the access log: no space left on device",
                                        "http: the access log threw what is no std::exception",
                                        "http: the access log: no space left on device"}));
}

TEST(HttpServer, TellsTheAccessLog) {
    std::vector<std::string> lines;
    twill::http::server_options options;
    options.connection.access_log = [&](const twill::http::access& x) {
        EXPECT_TRUE(x.peer.starts_with("127.0.0.1:")) << x.peer;
        EXPECT_GE(x.took, twill::duration::zero());
        lines.push_back(std::string(x.request.method()) + ' ' + std::string(x.request.target()) +
                        ' ' + std::to_string(x.status) + ' ' + std::to_string(x.sent));
    };
    const auto answer = [](exchange& x) -> task<> {
        if (x.request().path() == "/gone") throw twill::http::error(410);
        co_await x.respond(200, "12345");
    };
    beside_server(options, answer, [](endpoint there) -> task<> {
        co_await ask(there,
                     get("/a?b") + "HEAD /c HTTP/1.1\r\nHost: a\r\n\r\n" + get_last("/gone"));
    });
    EXPECT_EQ(lines,
              (std::vector<std::string>{"GET /a?b 200 5", "HEAD /c 200 0", "GET /gone 410 5"}));
}

TEST(HttpServer, ServesAnyStream) {
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

TEST(HttpServer, ServeStreamEndsWhenItIsCancelled) {
    in_runtime([]() -> task<> {
        auto [client, server] = co_await connected();
        EXPECT_TRUE(co_await throws<twill::timed_out>(twill::with_timeout(
            10ms, twill::http::serve_stream(twill::any_stream(std::move(server)), echo_target))));
    });
}

TEST(HttpServer, RefusesAnAddressThatIsNone) {
    EXPECT_THROW(twill::http::server({.address = "nowhere"}), twill::usage_error);
    twill::http::server six({.address = "::1"});
    EXPECT_TRUE(six.local().to_string().starts_with("[::1]:"));
}

}  // namespace
