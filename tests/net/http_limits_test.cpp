#include <twill/net/http_server.hpp>

#include <twill/core/cancellation.hpp>
#include <twill/core/error.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/when_any.hpp>
#include <twill/net/http_files.hpp>
#include <twill/net/tls.hpp>

#include "certificates.hpp"
#include "http.hpp"
#include "io/fixtures.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <span>
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

// A handler that does as it is told and waits for a client that takes it.
struct sender {
    std::atomic<bool> cut{false};

    template <class Work>
    task<> operator()(Work work) {
        try {
            co_await work();
        } catch (const twill::cancelled&) {
            cut = true;
            throw;
        }
    }
    task<> until_cut() {
        while (!cut) co_await twill::sleep(1ms);
    }
};

constexpr std::chrono::milliseconds soon = 50ms;

TEST(HttpLimits, AClientThatNeverReadsIsCutOff) {
    const auto text = pattern(1 << 20);
    sender one;
    const auto answer = [&](exchange& x) -> task<> {
        x.begin(200);
        co_await one([&]() -> task<> {
            for (;;) co_await x.write(text);
        });
    };
    beside_server({.connection = {.request_limit = 1h, .stall_limit = soon}}, answer,
                  [&](endpoint there) -> task<> {
                      auto stream = co_await twill::connect(there);
                      co_await stream.write_all(get("/"));
                      co_await one.until_cut();
                  });
}

// The kernel sends it.
TEST(HttpLimits, AClientThatNeverReadsAFileIsCutOff) {
    temporary_directory folder;
    static_cast<void>(folder.file("large", pattern(50'000'000), 0644));
    const twill::http::files files(folder.path());
    sender one;
    const auto answer = [&](exchange& x) -> task<> {
        co_await one([&]() -> task<> { co_await files(x); });
    };
    beside_server({.connection = {.request_limit = 1h, .stall_limit = soon}}, answer,
                  [&](endpoint there) -> task<> {
                      auto stream = co_await twill::connect(there);
                      co_await stream.write_all(get("/large"));
                      co_await one.until_cut();
                  });
}

TEST(HttpLimits, AClientThatNeverReadsIsCutOffInTlsToo) {
    tls_ends ends;
    const auto text = pattern(1 << 20);
    sender one;
    const auto answer = [&](exchange& x) -> task<> {
        x.begin(200);
        co_await one([&]() -> task<> {
            for (;;) co_await x.write(text);
        });
    };
    beside_server({.tls = &ends.identity, .connection = {.request_limit = 1h, .stall_limit = soon}},
                  answer, [&](endpoint there) -> task<> {
                      auto safe = co_await twill::tls::connect(
                          twill::any_stream(co_await twill::connect(there)), ends.trust,
                          "127.0.0.1");
                      co_await safe.write_all(get("/"));
                      co_await one.until_cut();
                  });
}

// The limit is for each piece that is taken, and not for the whole.
TEST(HttpLimits, AClientThatReadsSlowlyIsNotCutOff) {
    const auto text = pattern(16 << 20);
    const auto answer = [&](exchange& x) -> task<> { co_await x.respond(200, text); };
    beside_server({.connection = {.request_limit = 1h, .stall_limit = 1s}}, answer,
                  [&](endpoint there) -> task<> {
                      auto stream = co_await twill::connect(there);
                      co_await stream.write_all(get_last("/"));
                      const auto began = twill::now();
                      std::string all;
                      std::string piece(1 << 20, 0);
                      while (twill::now() - began < 1500ms) {
                          co_await twill::sleep(100ms);
                          all.append(
                              piece, 0,
                              co_await stream.read_some(std::as_writable_bytes(std::span(piece))));
                      }
                      all += co_await read_to_end(stream);
                      EXPECT_EQ(content_of(all).size(), text.size());
                  });
}

}  // namespace
