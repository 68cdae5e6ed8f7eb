#include <twill/net/http_events.hpp>

#include <twill/core/error.hpp>
#include <twill/core/sleep.hpp>

#include "http.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::endpoint;
using twill::task;
using twill::http::event_stream;
using twill::http::exchange;

TEST(HttpEvents, AreSentOneByOne) {
    int seen = 0;
    const auto answer = [&](exchange& x) -> task<> {
        event_stream events(x);
        EXPECT_EQ(events.last_id(), "6");
        co_await events.send("one");
        while (seen < 1) co_await twill::sleep(1ms);
        co_await events.send("two\nlines", {.event = "note", .id = "7", .retry = 1500us});
        co_await events.ping();
        while (seen < 2) co_await twill::sleep(1ms);
        co_await events.send("three\r\nlines\r");
    };
    // The limit of a request does not hold for events.
    beside_server({.connection = {.request_limit = 1ms}}, answer, [&](endpoint there) -> task<> {
        auto stream = co_await twill::connect(there);
        co_await stream.write_all(get("/", "Last-Event-ID: 6\r\n"));
        const auto head = co_await read_until(stream, "data: one\n\n\r\n");
        EXPECT_TRUE(has(head, "Content-Type: text/event-stream\r\n")) << head;
        co_await twill::sleep(10ms);
        seen = 1;
        EXPECT_TRUE(has(co_await read_until(stream, ":\n\n\r\n"),
                        "event: note\nid: 7\nretry: 2\ndata: two\ndata: lines\n\n"));
        seen = 2;
        EXPECT_TRUE(
            has(co_await read_until(stream, "0\r\n\r\n"), "data: three\ndata: lines\ndata: \n\n"));
    });
}

TEST(HttpEvents, EndWhenTheClientLeaves) {
    bool ended = false;
    const auto answer = [&](exchange& x) -> task<> {
        event_stream events(x);
        try {
            for (;;) {
                co_await events.ping();
                co_await twill::sleep(1ms);
            }
        } catch (...) {
            ended = true;
            throw;
        }
    };
    beside_server({}, answer, [&](endpoint there) -> task<> {
        {
            auto stream = co_await twill::connect(there);
            co_await stream.write_all(get("/"));
            co_await read_until(stream, ":\n\n");
        }
        while (!ended) co_await twill::sleep(1ms);
    });
}

TEST(HttpEvents, AnIdWithALineEndIsRefused) {
    const auto answer = [](exchange& x) -> task<> {
        event_stream events(x);
        EXPECT_TRUE(co_await throws<twill::usage_error>(events.send("x", {.id = "1\ndata: y"})));
        EXPECT_TRUE(co_await throws<twill::usage_error>(events.send("x", {.event = "a\rb"})));
    };
    beside_server({}, answer, [](endpoint there) -> task<> {
        EXPECT_EQ(content_of(co_await ask(there, get_last("/"))), "0\r\n\r\n");
    });
}

}  // namespace
