#include <twill/net/http_server.hpp>

#include <twill/core/cancellation.hpp>
#include <twill/core/error.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/when_all.hpp>
#include <twill/net/http_client.hpp>

#include "http.hpp"
#include "io/fixtures.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::endpoint;
using twill::task;
using twill::http::exchange;

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

TEST(HttpServer, RefusesAnAddressThatIsNone) {
    EXPECT_THROW(twill::http::server({.address = "nowhere"}), twill::usage_error);
    twill::http::server six({.address = "::1"});
    EXPECT_TRUE(six.local().to_string().starts_with("[::1]:"));
}

}  // namespace
