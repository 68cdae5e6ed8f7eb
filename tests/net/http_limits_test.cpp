#include <twill/net/http_server.hpp>

#include <twill/core/cancellation.hpp>
#include <twill/core/error.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/when_any.hpp>

#include "http.hpp"
#include "io/fixtures.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::endpoint;
using twill::task;
using twill::http::exchange;

TEST(HttpLimits, AHeadThatDripsIsCutOff) {
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

TEST(HttpLimits, AnIdleConnectionIsClosed) {
    beside_server({.connection = {.idle_limit = 30ms}}, echo_target, [](endpoint there) -> task<> {
        EXPECT_EQ(co_await ask(there, ""), "");
        const auto said = co_await ask(there, get("/one"));
        EXPECT_TRUE(said.ends_with("/one")) << said;
    });
}

TEST(HttpLimits, AHandlerThatTakesTooLongIsCancelled) {
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

TEST(HttpLimits, AHandlerMayAskForMoreTime) {
    const auto answer = [](exchange& x) -> task<> {
        x.limit(1h);
        co_await twill::sleep(200ms);
        co_await x.respond(200, "late");
    };
    beside_server({.connection = {.request_limit = 20ms}}, answer, [](endpoint there) -> task<> {
        EXPECT_EQ(content_of(co_await ask(there, get_last("/"))), "late");
    });
}

TEST(HttpLimits, AContentThatDoesNotComeIsCutOff) {
    beside_server(
        {.connection = {.stall_limit = 30ms}}, echo_content, [](endpoint there) -> task<> {
            const auto said =
                co_await ask(there, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
            EXPECT_EQ(status_line(said), "HTTP/1.1 408 Request Timeout");
        });
}

TEST(HttpLimits, AClientThatNeverReadsIsCutOff) {
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

}  // namespace
