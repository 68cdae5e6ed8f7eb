#include <twill/net/http_events.hpp>
#include <twill/net/http_server.hpp>

#include <twill/async/manual_reset_event.hpp>
#include <twill/core/cancellation.hpp>
#include <twill/core/sleep.hpp>
#include <twill/par/join.hpp>
#include <twill/runtime/compute.hpp>

#include "http.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::endpoint;
using twill::task;
using twill::http::exchange;

// The one place is taken until the test lets it go.
struct held_place {
    twill::manual_reset_event begun;
    twill::manual_reset_event let_go;

    task<> answer(exchange& x) {
        if (x.request().path() == "/events") {
            twill::http::event_stream events(x);
            co_await events.send("begun");
            co_await let_go.wait();
            co_return;
        }
        if (x.request().path() == "/hold") {
            begun.set();
            co_await let_go.wait();
        }
        co_await x.respond(200, "answered");
    }
    twill::http::handler handler() {
        return [this](exchange& x) { return answer(x); };
    }
};

twill::http::server_options one_place() {
    return {.overload = {.target = 1ms, .interval = 30ms, .max_handlers = 1, .retry_after = 2s}};
}

TEST(HttpOverload, WhoCannotBeAnsweredInTimeIsToldSoOnAConnectionThatStays) {
    held_place place;
    beside_server(one_place(), place.handler(), [&](endpoint there) -> task<> {
        auto holder = co_await twill::connect(there);
        co_await holder.write_all(get("/hold"));
        co_await place.begun.wait();
        auto other = co_await twill::connect(there);
        co_await other.write_all(post("/", "a content", ""));
        const auto head = co_await read_until(other, "\r\n\r\n");
        EXPECT_EQ(status_line(head), "HTTP/1.1 503 Service Unavailable");
        EXPECT_TRUE(has(head, "\r\nRetry-After: 2\r\n")) << head;
        EXPECT_FALSE(has(head, "Connection: close")) << head;
        co_await read_until(other, "\n");
        place.let_go.set();
        EXPECT_TRUE(has(co_await read_until(holder, "answered"), "200 OK"));
        co_await other.write_all(get("/"));
        EXPECT_TRUE(has(co_await read_until(other, "answered"), "200 OK"));
    });
}

TEST(HttpOverload, WhoWaitsIsAnsweredWhenAPlaceIsFree) {
    held_place place;
    auto options = one_place();
    options.overload.interval = 1h;
    options.address = "127.0.0.1";
    in_runtime([&]() -> task<> {
        twill::http::server server(options);
        EXPECT_EQ(server.load().handlers, 0U);
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn(&twill::http::server::serve, &server, place.handler());
            auto holder = co_await twill::connect(server.local());
            co_await holder.write_all(get("/hold"));
            co_await place.begun.wait();
            auto other = co_await twill::connect(server.local());
            co_await other.write_all(get("/"));
            while (server.load().waiting != 1) co_await twill::sleep(1ms);
            EXPECT_EQ(server.load().handlers, 1U);
            {
                // One that leaves while it waits is forgotten.
                auto third = co_await twill::connect(server.local());
                co_await third.write_all(get("/"));
                while (server.load().waiting != 2) co_await twill::sleep(1ms);
            }
            while (server.load().waiting != 1) co_await twill::sleep(5ms);
            place.let_go.set();
            EXPECT_TRUE(has(co_await read_until(other, "answered"), "200 OK"));
            while (server.load().handlers != 0) co_await twill::sleep(1ms);
            EXPECT_EQ(server.load().admitted, 2U);
            EXPECT_EQ(server.load().refused, 0U);
            s.cancel();
        });
    });
}

TEST(HttpOverload, HealthAndStreamsTakeNoPlace) {
    held_place place;
    auto options = one_place();
    options.overload.exempt = [](const twill::http::request& asked) {
        return asked.path() == "/healthz";
    };
    beside_server(options, place.handler(), [&](endpoint there) -> task<> {
        auto stream = co_await twill::connect(there);
        co_await stream.write_all(get("/events"));
        co_await read_until(stream, "data: begun\n\n");
        auto holder = co_await twill::connect(there);
        co_await holder.write_all(get("/hold"));
        co_await place.begun.wait();
        EXPECT_EQ(content_of(co_await ask(there, get_last("/healthz"))), "answered");
        EXPECT_EQ(status_line(co_await ask(there, get_last("/"))),
                  "HTTP/1.1 503 Service Unavailable");
        place.let_go.set();
        co_await read_until(holder, "answered");
    });
}

// The parallel work of a request has its deadline, and ends with it.
TEST(HttpOverload, WhatARequestComputesIsCancelledWithIt) {
    std::atomic<int> cut{0};
    std::atomic<int> begun{0};
    const auto answer = [&](exchange& x) -> task<> {
        co_await twill::compute([&] {
            ++begun;
            std::atomic<std::uint64_t> work{0};
            const auto spin = [&] {
                for (int i = 0; i < 10'000; ++i) ++work;
            };
            try {
                for (;;) twill::par::join(spin, spin);
            } catch (const twill::cancelled&) {
                ++cut;
                throw;
            }
        });
        co_await x.respond(200, "never");
    };
    beside_server({.connection = {.request_limit = 50ms}}, answer, [&](endpoint there) -> task<> {
        EXPECT_EQ(status_line(co_await ask(there, get("/late"))),
                  "HTTP/1.1 503 Service Unavailable");
        EXPECT_EQ(cut, 1);
    });
    beside_server({}, answer, [&](endpoint there) -> task<> {
        {
            auto leaves = co_await twill::connect(there);
            co_await leaves.write_all(get("/leaves"));
            while (begun != 2) co_await twill::sleep(1ms);
        }
        while (cut != 2) co_await twill::sleep(5ms);
    });
}

}  // namespace
