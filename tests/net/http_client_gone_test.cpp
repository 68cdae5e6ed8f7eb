// What becomes of a handler when its client goes while it works.
#include <twill/net/http_exchange.hpp>

#include <twill/core/cancellation.hpp>
#include <twill/core/error.hpp>
#include <twill/core/shield.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/when_all.hpp>
#include <twill/core/when_any.hpp>
#include <twill/net/http_client.hpp>
#include <twill/net/http_events.hpp>
#include <twill/net/tls.hpp>

#include "certificates.hpp"
#include "http.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::endpoint;
using twill::task;
using twill::http::exchange;

// A handler that works for ever, and how it ends.
struct worker {
    std::atomic<int> begun{0};
    std::atomic<int> cut{0};

    task<> operator()(exchange& /*x*/) {
        ++begun;
        try {
            co_await for_ever();
        } catch (const twill::cancelled&) {
            ++cut;
            throw;
        }
    }
    task<> until_begun() {
        while (begun == 0) co_await twill::sleep(1ms);
    }
    task<> until_cut() {
        while (cut == 0) co_await twill::sleep(1ms);
    }
};
auto handler_of(worker& one) {
    return [&one](exchange& x) { return one(x); };
}

void reset(twill::tcp_stream& stream) {
    const struct linger now{.l_onoff = 1, .l_linger = 0};
    EXPECT_EQ(::setsockopt(stream.native_handle(), SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    stream.close();
}

TEST(HttpClientGone, AHandlerIsCancelledWhenItsClientCloses) {
    worker one;
    beside_server({}, handler_of(one), [&](endpoint there) -> task<> {
        {
            auto stream = co_await twill::connect(there);
            co_await stream.write_all(get("/"));
            co_await one.until_begun();
        }
        co_await one.until_cut();
    });
}

TEST(HttpClientGone, AHandlerIsCancelledWhenItsClientResets) {
    worker one;
    beside_server({}, handler_of(one), [&](endpoint there) -> task<> {
        auto stream = co_await twill::connect(there);
        co_await stream.write_all(get("/"));
        co_await one.until_begun();
        reset(stream);
        co_await one.until_cut();
    });
}

// What it has sent ahead lies unread before the end of the stream.
TEST(HttpClientGone, AHandlerIsCancelledAlthoughItsClientHasAskedForMore) {
    for (const bool by_reset : {false, true}) {
        worker one;
        beside_server({}, handler_of(one), [&](endpoint there) -> task<> {
            auto stream = co_await twill::connect(there);
            co_await stream.write_all(get("/"));
            co_await one.until_begun();
            co_await stream.write_all(get("/another") + post("/", pattern(10'000), ""));
            if (by_reset)
                reset(stream);
            else
                stream.close();
            co_await one.until_cut();
        });
        EXPECT_EQ(one.begun, 1) << "nobody waits for the others";
    }
}

TEST(HttpClientGone, WhatTheHandlerStartedIsCancelledWithIt) {
    std::atomic<bool> begun{false};
    std::atomic<int> cut{0};
    const auto part = [&]() -> task<> {
        begun = true;
        try {
            co_await for_ever();
        } catch (const twill::cancelled&) {
            ++cut;
            throw;
        }
    };
    const auto answer = [&](exchange&) -> task<> { co_await twill::when_all(part(), part()); };
    beside_server({}, answer, [&](endpoint there) -> task<> {
        auto stream = co_await twill::connect(there);
        co_await stream.write_all(get("/"));
        while (!begun) co_await twill::sleep(1ms);
        stream.close();
        while (cut != 2) co_await twill::sleep(1ms);
    });
}

TEST(HttpClientGone, AClientThatClosesItsSendingHalfIsAnswered) {
    const auto answer = [](exchange& x) -> task<> {
        co_await twill::sleep(600ms);  // it is seen, and asked, meanwhile
        x.begin(200);
        co_await x.write("slowly ");
        co_await x.flush();
        co_await twill::sleep(300ms);
        co_await x.write("answered");
    };
    beside_server({}, answer, [](endpoint there) -> task<> {
        for (const char* version : {"HTTP/1.1", "HTTP/1.0"}) {
            auto stream = co_await twill::connect(there);
            co_await stream.write_all("GET / " + std::string(version) + "\r\nHost: a\r\n\r\n");
            stream.shutdown_write();
            const auto said = co_await read_to_end(stream);
            const bool asked = said.starts_with("HTTP/1.1 100 Continue\r\n\r\n");
            EXPECT_EQ(asked, std::string_view(version) == "HTTP/1.1") << said;
            EXPECT_EQ(count_of(said, "200 OK"), 1U) << said;
            EXPECT_TRUE(has(said, "slowly ")) << said;
            EXPECT_TRUE(has(said, "answered")) << said;
        }
    });
}

TEST(HttpClientGone, AllThatAClientSentBeforeItClosedItsSendingHalfIsAnswered) {
    const auto answer = [](exchange& x) -> task<> {
        co_await twill::sleep(400ms);
        co_await x.respond(200, x.request().path());
    };
    beside_server({}, answer, [](endpoint there) -> task<> {
        auto stream = co_await twill::connect(there);
        co_await stream.write_all(get("/one") + get("/two"));
        stream.shutdown_write();
        const auto said = co_await read_to_end(stream);
        EXPECT_EQ(count_of(said, "200 OK"), 2U) << said;
        EXPECT_TRUE(has(said, "/one")) << said;
        EXPECT_TRUE(said.ends_with("/two")) << said;
    });
}

TEST(HttpClientGone, AClientThatGoesAfterItsSendingHalfIsNoticed) {
    worker one;
    beside_server({}, handler_of(one), [&](endpoint there) -> task<> {
        auto stream = co_await twill::connect(there);
        co_await stream.write_all(get("/"));
        stream.shutdown_write();
        // It was asked: so it was seen, and taken for one that listens.
        EXPECT_EQ(co_await read_until(stream, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
        EXPECT_EQ(one.cut, 0);
        reset(stream);
        co_await one.until_cut();
    });
}

TEST(HttpClientGone, TheNextRequestIsWatchedAsTheFirstWas) {
    worker one;
    const auto answer = [&](exchange& x) -> task<> {
        if (x.request().path() == "/last") {
            co_await one(x);
        } else {
            co_await twill::sleep(400ms);
            co_await x.respond(200, "slow");
        }
    };
    beside_server({}, answer, [&](endpoint there) -> task<> {
        auto stream = co_await twill::connect(there);
        for (int i = 0; i < 2; ++i) {
            co_await stream.write_all(get("/"));
            EXPECT_TRUE(has(co_await read_until(stream, "slow"), "200 OK"));
        }
        co_await stream.write_all(get("/last"));
        co_await one.until_begun();
        stream.close();
        co_await one.until_cut();
    });
}

TEST(HttpClientGone, InTlsTheEndOfTheSendingHalfIsTheEnd) {
    tls_ends ends;
    worker one;
    beside_server({.tls = &ends.identity}, handler_of(one), [&](endpoint there) -> task<> {
        auto safe = co_await twill::tls::connect(twill::any_stream(co_await twill::connect(there)),
                                                 ends.trust, "127.0.0.1");
        co_await safe.write_all(get("/"));
        co_await one.until_begun();
        co_await safe.shutdown_write();
        co_await one.until_cut();
    });
}

// A server that ends closes the receiving half of what was idle: that is no client who leaves.
TEST(HttpClientGone, AServerThatEndsIsNotTakenForAClientThatLeaves) {
    tls_ends ends;
    const auto answer = [](exchange& x) -> task<> {
        if (x.request().path() == "/slow") co_await twill::sleep(500ms);
        co_await x.respond(200, x.request().path());
    };
    in_runtime([&]() -> task<> {
        twill::http::server server({.address = "127.0.0.1", .tls = &ends.identity});
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn(&twill::http::server::serve, &server, answer);
            auto safe = co_await twill::tls::connect(
                twill::any_stream(co_await twill::connect(server.local())), ends.trust,
                "127.0.0.1");
            co_await safe.write_all(get("/quick"));
            EXPECT_TRUE(has(co_await read_until(safe, "/quick"), "200 OK"));
            // No other task runs between: the server has not read it when it ends.
            co_await safe.write_all(get("/slow"));
            s.cancel();
            EXPECT_TRUE(has(co_await twill::shield(read_until(safe, "/slow"), 1min), "200 OK"));
        });
    });
}

TEST(HttpClientGone, AStreamOfEventsEndsWithItsClient) {
    for (const bool by_half : {false, true}) {
        worker one;
        const auto answer = [&](exchange& x) -> task<> {
            twill::http::event_stream events(x);
            co_await events.send("begun");
            co_await one(x);
        };
        beside_server({}, answer, [&](endpoint there) -> task<> {
            auto stream = co_await twill::connect(there);
            co_await stream.write_all(get("/"));
            co_await read_until(stream, "data: begun\n\n");
            // A browser that leaves may do no more than that, for as long as it lives.
            if (by_half)
                stream.shutdown_write();
            else
                stream.close();
            co_await one.until_cut();
        });
    }
}

// The handler works first; that its client is only half there has been seen by then.
TEST(HttpClientGone, AStreamOfEventsThatBeginsLateEndsForAClientThatIsHalfThere) {
    worker one;
    const auto answer = [&](exchange& x) -> task<> {
        co_await twill::sleep(400ms);
        twill::http::event_stream events(x);
        co_await one(x);
    };
    beside_server({}, answer, [&](endpoint there) -> task<> {
        auto stream = co_await twill::connect(there);
        co_await stream.write_all(get("/"));
        stream.shutdown_write();
        co_await one.until_cut();
    });
}

TEST(HttpClientGone, AHandlerThatOutlivesItsClientIsToldInstead) {
    std::atomic<bool> begun{false};
    std::atomic<bool> done{false};
    const auto answer = [&](exchange& x) -> task<> {
        x.outlive_client();
        begun = true;
        // Two of its tasks may wait, and who comes later is told as well.
        co_await twill::when_all(x.client_gone(), x.client_gone());
        co_await x.client_gone();
        co_await twill::sleep(10ms);
        EXPECT_FALSE(co_await twill::cancel_requested());
        done = true;
        co_await x.respond(200, "to nobody");
    };
    beside_server({}, answer, [&](endpoint there) -> task<> {
        auto stream = co_await twill::connect(there);
        co_await stream.write_all(get("/"));
        while (!begun) co_await twill::sleep(1ms);
        reset(stream);
        while (!done) co_await twill::sleep(1ms);
    });
}

TEST(HttpClientGone, AHandlerMayWaitForItBesideItsWork) {
    std::atomic<int> first{-1};
    const auto answer = [&](exchange& x) -> task<> {
        x.outlive_client();
        const auto quick = [&]() -> task<> { co_await twill::sleep(1ms); };
        if (x.request().path() == "/quick") {
            const auto ended = co_await twill::when_any(quick(), x.client_gone());
            co_await x.respond(200, std::to_string(ended.index()));
        } else {
            const auto ended = co_await twill::when_any(for_ever(), x.client_gone());
            first = static_cast<int>(ended.index());
        }
    };
    reports told;
    beside_server(told.options(), answer, [&](endpoint there) -> task<> {
        auto stream = co_await twill::connect(there);
        co_await stream.write_all(get("/quick"));
        EXPECT_TRUE((co_await read_until(stream, "\r\n\r\n0")).ends_with("\r\n\r\n0"));
        co_await stream.write_all(get("/slow"));
        stream.close();
        while (first < 0) co_await twill::sleep(1ms);
    });
    EXPECT_EQ(first, 1);
}

TEST(HttpClientGone, AHandlerThatOutlivesItsClientHasItsTimeAllTheSame) {
    std::atomic<bool> gone{false};
    std::atomic<bool> cut{false};
    const auto answer = [&](exchange& x) -> task<> {
        x.outlive_client();
        co_await x.client_gone();
        gone = true;
        x.limit(20ms);
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
            co_await stream.write_all(get("/"));
        }
        while (!cut) co_await twill::sleep(1ms);
        EXPECT_TRUE(gone);
    });
}

// Whoever outlives its client does so for one request.
TEST(HttpClientGone, TheNextHandlerOfTheConnectionIsCancelledAgain) {
    worker one;
    const auto answer = [&](exchange& x) -> task<> {
        if (x.request().path() == "/first") {
            x.outlive_client();
            co_await x.respond(200, "first");
        } else {
            co_await one(x);
        }
    };
    beside_server({}, answer, [&](endpoint there) -> task<> {
        auto stream = co_await twill::connect(there);
        co_await stream.write_all(get("/first"));
        co_await read_until(stream, "first");
        co_await stream.write_all(get("/second"));
        co_await one.until_begun();
        stream.close();
        co_await one.until_cut();
    });
}

TEST(HttpClientGone, AClientThatLeavesInTheMiddleOfAContentIsNoFailure) {
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

}  // namespace
