#include <twill/net/http_exchange.hpp>

#include "http.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::endpoint;
using twill::task;
using twill::http::exchange;

TEST(HttpFailure, WhatAHandlerThrowsBecomesAResponseAndAReport) {
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

TEST(HttpFailure, AnErrorMayHaveFieldsOfItsOwn) {
    const auto answer = [](exchange& x) -> task<> {
        x.set("X-Mine", "never sent");
        if (x.request().path() == "/both")
            throw twill::http::error(401, "who are you?").with("X-A", "1").with("x-a", "2");
        auto failure = twill::http::error(401);
        EXPECT_THROW(failure.with("a b", "c"), twill::usage_error);
        EXPECT_THROW(failure.with("a", "b\r\nc: d"), twill::usage_error);
        EXPECT_THROW(failure.with("Content-Length", "1"), twill::usage_error);
        EXPECT_TRUE(failure.fields().empty());
        const auto copy = failure.with("WWW-Authenticate", "Basic");
        throw copy;
    };
    beside_server({}, answer, [](endpoint there) -> task<> {
        const auto said = co_await ask(there, get_last("/"));
        EXPECT_EQ(status_line(said), "HTTP/1.1 401 Unauthorized");
        EXPECT_TRUE(has(said, "\r\nWWW-Authenticate: Basic\r\n")) << said;
        EXPECT_FALSE(has(said, "X-Mine")) << said;
        EXPECT_EQ(content_of(said), "Unauthorized\n");
        const auto both = co_await ask(there, get_last("/both"));
        EXPECT_TRUE(has(both, "\r\nX-A: 1\r\nx-a: 2\r\n")) << both;
    });
}

TEST(HttpFailure, AResponseThatBreaksOffIsNotTakenForWhole) {
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

TEST(HttpFailure, AnAnswerIsNotLostWithTheOneBehindIt) {
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

TEST(HttpFailure, RefusesWhatItCannotTake) {
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

TEST(HttpFailure, NothingBehindAMalformedRequestIsAnswered) {
    beside_server({}, echo_content, [](endpoint there) -> task<> {
        const auto said = co_await ask(there,
                                       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                                       "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" +
                                           get_last("/smuggled"));
        EXPECT_EQ(count_of(said, "HTTP/1.1 "), 1U) << said;
        EXPECT_EQ(status_line(said), "HTTP/1.1 400 Bad Request");
    });
}

}  // namespace
