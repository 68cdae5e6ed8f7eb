// What clients, servers, networks and the system do to an HTTP server and client.
#include <twill/net/http_client.hpp>
#include <twill/net/http_server.hpp>

#include <twill/core/cancellation.hpp>
#include <twill/core/error.hpp>
#include <twill/core/shield.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/core/when_any.hpp>
#include <twill/io/detail/descriptor.hpp>
#include <twill/io/duplex.hpp>
#include <twill/io/signal.hpp>
#include <twill/io/udp.hpp>

#include "http.hpp"
#include "support/tasks.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <initializer_list>
#include <optional>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::any_stream;
using twill::endpoint;
using twill::task;
using twill::http::exchange;

task<> tell_content(exchange& x) {
    if (x.request().path() == "/chunks") {
        x.begin(200);
        co_await x.write("the content");
        co_return;
    }
    const auto text = co_await x.text();
    co_await x.respond(200, "the content: " + text);
}

// Whatever ends it.
task<> serve(any_stream stream) {
    co_await twill::http::serve_stream(std::move(stream), tell_content,
                                       {.report = [](std::string_view) {}});
}

const std::string two_requests = post("/", "abc", "") + get_last("/chunks");

// What comes at a client, up to an end of whatever kind.
template <class Stream>
task<std::string> read_all(Stream& from) {
    std::string all;
    char buffer[4096];
    try {
        while (const auto got = co_await from.read_some(std::as_writable_bytes(std::span(buffer))))
            all.append(buffer, got);
    } catch (const twill::io_error&) {
        // It was cut off.
    }
    co_return all;
}

task<std::string> answers_to(twill::duplex_stream client, twill::duplex_stream server,
                             std::string text) {
    std::string said;
    const auto write = [&]() -> task<> {
        try {
            co_await client.write_all(text);
        } catch (const twill::io_error&) {
            // Cut off.
        }
        client.shutdown_write();
    };
    const auto read = [&]() -> task<> { said = co_await read_all(client); };
    co_await twill::when_all(write(), read(), serve(any_stream(std::move(server))));
    co_return said;
}

// Without the dates.
std::string undated(std::string said) {
    for (auto at = said.find("Date: "); at != std::string::npos; at = said.find("Date: ", at + 6))
        std::fill_n(said.begin() + static_cast<std::ptrdiff_t>(at) + 6,
                    std::min<std::size_t>(29, said.size() - at - 6), '.');
    return said;
}

TEST(HttpFaults, AServerSurvivesAResetAtEveryByteOfItsRequests) {
    in_runtime([]() -> task<> {
        for (std::size_t at = 0; at <= two_requests.size(); ++at) {
            for (const bool reset : {true, false}) {
                auto [client, server] = twill::duplex();
                if (reset)
                    client.reset_after(at);
                else
                    client.end_after(at);
                const auto said =
                    co_await answers_to(std::move(client), std::move(server), two_requests);
                EXPECT_LE(count_of(said, "HTTP/1.1 200 OK"), 2U);
            }
        }
    });
}

TEST(HttpFaults, AServerSurvivesAResetAtEveryByteOfItsResponses) {
    in_runtime([]() -> task<> {
        std::string whole;
        {
            auto [client, server] = twill::duplex();
            whole =
                undated(co_await answers_to(std::move(client), std::move(server), two_requests));
        }
        EXPECT_TRUE(whole.ends_with("0\r\n\r\n")) << whole;
        for (std::size_t at = 0; at < whole.size(); ++at) {
            auto [client, server] = twill::duplex();
            server.reset_after(at);
            const auto said =
                undated(co_await answers_to(std::move(client), std::move(server), two_requests));
            EXPECT_EQ(said, whole.substr(0, at));
        }
    });
}

TEST(HttpFaults, BytesMayComeInAnyPieces) {
    in_runtime([]() -> task<> {
        for (const std::size_t size : {1U, 2U, 3U, 7U}) {
            auto [client, server] = twill::duplex(16);
            client.write_in_pieces({size});
            server.read_in_pieces({size, 1});
            server.write_in_pieces({size, 5});
            const auto said =
                co_await answers_to(std::move(client), std::move(server), two_requests);
            EXPECT_EQ(count_of(said, "HTTP/1.1 200 OK"), 2U) << said;
            EXPECT_TRUE(has(said, "the content: abc")) << said;
        }
    });
}

// Gives `response` to whatever is asked; breaks where the test says.
task<> answer_by(twill::duplex_stream server, std::string response) {
    try {
        co_await read_until(server, "\r\n\r\n");
        co_await server.write_all(response);
        server.shutdown_write();
        co_await read_all(server);
    } catch (const twill::io_error&) {
        // It broke.
    }
}

// Nothing when it failed.
task<std::optional<std::string>> content_by(std::string response, std::size_t at, bool reset) {
    auto [ours, theirs] = twill::duplex();
    if (reset)
        theirs.reset_after(at);
    else
        theirs.end_after(at);
    std::optional<twill::duplex_stream> end(std::move(ours));
    std::optional<std::string> content;
    const auto visit = [&]() -> task<> {
        twill::http::client web(
            {.retries = 0, .connect = [&](const twill::http::url&) -> task<any_stream> {
                 co_return any_stream(std::move(*end));
             }});
        try {
            auto got = co_await web.get("http://a/");
            content = co_await got.text();
        } catch (const twill::io_error&) {
            content.reset();
        } catch (const twill::http::bad_response&) {
            content.reset();
        }
    };
    co_await twill::when_all(answer_by(std::move(theirs), std::move(response)), visit());
    co_return content;
}

TEST(HttpFaults, AClientNeverTakesHalfAResponseForTheWhole) {
    in_runtime([]() -> task<> {
        const std::string sized = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nthe content";
        const std::string chunked =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nthe\r\n8\r\n "
            "content\r\n0\r\n"
            "\r\n";
        for (const auto& response : {sized, chunked})
            for (std::size_t at = 0; at <= response.size(); ++at)
                for (const bool reset : {true, false}) {
                    const auto got = co_await content_by(response, at, reset);
                    if (at == response.size()) {
                        EXPECT_EQ(got, "the content") << reset;
                    } else {
                        EXPECT_EQ(got, std::nullopt) << at << response.substr(0, at);
                    }
                }
    });
}

TEST(HttpFaults, WhatIsSmuggledBehindAnotherRequestIsNeverSeen) {
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\n";
    const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    const std::vector<std::string> attempts = {
        head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
        head + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + smuggled,
        head + "Content-Length: 0\r\nContent-Length: 5\r\n\r\n" + smuggled,
        head + "Content-Length: 0, 5\r\n\r\n" + smuggled,
        head + "Content-Length: +0\r\n\r\n" + smuggled,
        head + "Content-Length: 0x0\r\n\r\n" + smuggled,
        head + "Content-Length:\r\n\r\n" + smuggled,
        head + "Content-Length : 0\r\n\r\n" + smuggled,
        head + "Content-Length: 99999999999999999999\r\n\r\n" + smuggled,
        head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" +
            smuggled,
        head + "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n" + smuggled,
        head + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + smuggled,
        head + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + smuggled,
        head + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n" + smuggled,
        head +
            "Transfer-Encoding:\x0b"
            "chunked\r\n\r\n0\r\n\r\n" +
            smuggled,
        head + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + smuggled,
        head + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + smuggled,
        head + "X: a\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
        head + "X: a\nContent-Length: 0\r\n\r\n" + smuggled,
        head + "X: a\rContent-Length: 0\r\n\r\n" + smuggled,
        head + "Transfer-Encoding: chunked\r\n\r\n0\n\n" + smuggled,
        head + "Transfer-Encoding: chunked\r\n\r\n0\r\n\n" + smuggled,
        head + "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" + smuggled,
        head + "Transfer-Encoding: chunked\r\n\r\n-0\r\n\r\n" + smuggled,
        head + "Transfer-Encoding: chunked\r\n\r\n 0\r\n\r\n" + smuggled,
        head + "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n" + smuggled,
        head + "Transfer-Encoding: chunked\r\n\r\n1;a=\"\n\"\r\nx\r\n0\r\n\r\n" + smuggled,
        head + "Transfer-Encoding: chunked\r\n\r\n1;a\nb\r\nx\r\n0\r\n\r\n" + smuggled,
        head + "Transfer-Encoding: chunked\r\n\r\n1\r\nxy0\r\n\r\n" + smuggled,
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
        "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n" + smuggled,
        "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n" + smuggled,
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + smuggled,
        "GET / HTTP/1.1\r\n\r\n" + smuggled,
    };
    std::atomic<bool> seen{false};
    const auto answer = [&](exchange& x) -> task<> {
        seen = seen || x.request().path() == "/smuggled";
        co_await x.text();
        co_await x.respond(200);
    };
    beside_server({}, answer, [&](endpoint there) -> task<> {
        for (const auto& each : attempts) {
            const auto said = co_await ask(there, each);
            EXPECT_FALSE(seen) << each;
            EXPECT_EQ(count_of(said, "\r\nDate: "), 1U) << each << "\n" << said;
            EXPECT_FALSE(has(said, "200 OK")) << each;
            EXPECT_TRUE(has(said, "Connection: close\r\n")) << each;
            seen = false;
        }
    });
}

// A content that drips is let in as long as something comes, but not longer than a request may
// take.
TEST(HttpFaults, AContentThatDripsIsCutOff) {
    beside_server({.connection = {.request_limit = 60ms, .stall_limit = 1h}}, tell_content,
                  [](endpoint there) -> task<> {
                      auto stream = co_await twill::connect(there);
                      co_await stream.write_all(
                          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
                      std::string said;
                      const auto drip = [&]() -> task<> {
                          for (;;) {
                              co_await stream.write_all("a");
                              co_await twill::sleep(2ms);
                          }
                      };
                      const auto read = [&]() -> task<> { said = co_await read_to_end(stream); };
                      co_await twill::when_any(read(), throws<twill::io_error>(drip()));
                      EXPECT_EQ(status_line(said), "HTTP/1.1 408 Request Timeout");
                  });
}

TEST(HttpFaults, AContentInManySmallChunksIsNoLongerThanOthers) {
    beside_server(
        {.connection = {.max_content = 1000}}, tell_content, [](endpoint there) -> task<> {
            std::string chunks = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
            for (int i = 0; i < 11; ++i) chunks += "64\r\n" + std::string(100, 'a') + "\r\n";
            const auto said = co_await ask(there, chunks + "0\r\n\r\n");
            EXPECT_EQ(status_line(said), "HTTP/1.1 413 Content Too Large") << said;
        });
}

// A machine that loses its power says nothing; a stream of events would wait for ever.
TEST(HttpFaults, AClientThatSaysNothingIsAskedByTheKernel) {
    std::optional<int> keeps;
    const auto answer = [&](exchange& x) -> task<> {
        for (int fd = 0; fd < 200; ++fd) {
            sockaddr_storage address{};
            socklen_t size = sizeof address;
            if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
                endpoint::from(address).to_string() != x.peer())
                continue;
            int value = 0;
            size = sizeof value;
            ::getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, &size);
            keeps = value;
        }
        co_await x.respond(200);
    };
    beside_server({}, answer, [](endpoint there) -> task<> { co_await ask(there, get_last("/")); });
    EXPECT_EQ(keeps, 1);
}

// Connections wait in the kernel while the program has no descriptor for them.
TEST(HttpFaults, ItAcceptsAgainWhenThereAreDescriptors) {
    in_runtime([]() -> task<> {
        twill::http::server server({.address = "127.0.0.1"});
        std::vector<twill::tcp_stream> clients;
        for (int i = 0; i < 3; ++i) {
            clients.push_back(co_await twill::connect(server.local()));
            co_await clients.back().write_all(get_last("/chunks"));
        }
        rlimit before{};
        ::getrlimit(RLIMIT_NOFILE, &before);
        const rlimit few{std::min<rlim_t>(before.rlim_cur, 256), before.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &few);
        std::vector<twill::detail::descriptor> all;
        for (;;) {
            twill::detail::descriptor one(::open("/dev/null", O_RDONLY | O_CLOEXEC));
            if (!one) break;
            all.push_back(std::move(one));
        }
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn(&twill::http::server::serve, &server, tell_content);
            co_await twill::sleep(30ms);
            EXPECT_EQ(server.connections(), 0U);
            all.clear();
            for (auto& each : clients) EXPECT_TRUE(has(co_await read_to_end(each), "the content"));
            s.cancel();
        });
        ::setrlimit(RLIMIT_NOFILE, &before);
    });
}

TEST(HttpFaults, ANameServerThatNeverAnswersCostsTheConnectLimit) {
    in_runtime([]() -> task<> {
        twill::udp_socket silent(endpoint::loopback(0));
        const auto servers = silent.local().to_string();
        twill::http::client web(
            {.connect_limit = 50ms,
             .retries = 0,
             .connect = [&](const twill::http::url& there) -> task<any_stream> {
                 auto found = co_await twill::resolve(there.host, "80", {.servers = servers});
                 co_return any_stream(co_await twill::connect(std::move(found)));
             }});
        try {
            static_cast<void>(co_await web.get("http://no.such.host.example/"));
            ADD_FAILURE() << "it was found";
        } catch (const twill::timed_out&) {
            SUCCEED();
        } catch (const twill::usage_error&) {
            SUCCEED() << "built without c-ares";
        }
    });
}

// A hundred requests, in every state that a request can be in.
TEST(HttpFaults, SigtermInTheMiddleOfAHundredRequestsLosesNone) {
    in_runtime([]() -> task<> {
        twill::signal_watcher stop({SIGTERM});
        twill::http::server server({.address = "127.0.0.1"});
        std::atomic<int> begun{0};
        std::atomic<bool> let_go{false};
        const auto answer = [&](exchange& x) -> task<> {
            ++begun;
            const auto text = co_await x.text();
            while (!let_go) co_await twill::sleep(1ms);
            co_await x.respond(200, "answered " + text);
        };
        std::vector<twill::tcp_stream> clients;
        for (int i = 0; i < 100; ++i) clients.push_back(co_await twill::connect(server.local()));
        const auto text = post("/", "abc", "");
        // Whole; in its head; in its content; nothing yet.
        const std::size_t parts[] = {text.size(), 10, text.size() - 2, 0};
        const auto visit = [&]() -> task<> {
            for (std::size_t i = 0; i < 100; ++i)
                co_await clients[i].write_all(std::string_view(text).substr(0, parts[i % 4]));
            while (begun != 50) co_await twill::sleep(1ms);
            std::raise(SIGTERM);
            co_await twill::sleep(20ms);
            for (std::size_t i = 0; i < 100; ++i)
                co_await clients[i].write_all(std::string_view(text).substr(parts[i % 4]));
            let_go = true;
            for (auto& each : clients) {
                const auto said = co_await read_to_end(each);
                EXPECT_TRUE(said.ends_with("answered abc")) << said;
                EXPECT_TRUE(has(said, "Connection: close\r\n")) << said;
            }
        };
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> { co_await twill::shield(visit(), twill::duration::max()); });
            s.spawn(&twill::http::server::serve, &server, answer);
            co_await stop.next();
            s.cancel();
        });
        EXPECT_EQ(begun, 100);
    });
}

}  // namespace
