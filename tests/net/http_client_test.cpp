#include <twill/net/http_client.hpp>

#include <twill/core/error.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/net/http_router.hpp>

#include "http.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <set>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::endpoint;
using twill::task;
using twill::http::bad_response;
using twill::http::client;
using twill::http::exchange;

std::string at(const endpoint& there, const std::string& target) {
    return "http://" + there.to_string() + target;
}

// Runs `client(address)` beside a server that sends one of the texts for each request head, the
// first connection's first request first. "" closes the connection; what follows the last text is
// closed, too.
template <class Client>
void beside_script(std::vector<std::string> texts, Client client) {
    in_runtime([&]() -> task<> {
        twill::tcp_listener door(endpoint::loopback(0));
        std::size_t next = 0;
        const auto serve = [&](twill::tcp_stream stream) -> task<> {
            while (next < texts.size()) {
                const auto asked = co_await read_until(stream, "\r\n\r\n");
                if (!asked.ends_with("\r\n\r\n")) co_return;
                const auto& text = texts[next++];
                if (text.empty()) co_return;
                co_await stream.write_all(text);
                if (has(text, "Connection: close")) co_return;
            }
        };
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                for (;;) s.spawn(serve, co_await door.accept());
            });
            co_await client(door.local());
            s.cancel();
        });
    });
}

task<> answer_all(exchange& x) {
    const auto content = co_await x.text();
    x.set("X-Method", x.request().method());
    x.set("X-Type", x.request().header("Content-Type"));
    x.set("X-Agent", x.request().header("User-Agent"));
    co_await x.respond(200, std::string(x.request().target()) + " " + content);
}

TEST(HttpClient, AsksAndReads) {
    beside_server({}, answer_all, [](endpoint there) -> task<> {
        client web;
        auto got = co_await web.get(at(there, "/a?b=c"));
        EXPECT_EQ(got.status(), 200);
        EXPECT_EQ(got.header("x-method"), "GET");
        EXPECT_EQ(got.header("X-Agent"), "twill/" TWILL_VERSION);
        EXPECT_EQ(got.content_length(), 7U);
        EXPECT_EQ(co_await got.text(), "/a?b=c ");
        EXPECT_EQ(got.header("x-method"), "GET") << "fields stay valid behind the content";
        twill::http::client_request posted{.method = "POST",
                                           .url = at(there, "/things"),
                                           .fields = {{"Content-Type", "text/x"}},
                                           .content = "new"};
        auto made = co_await web.send(std::move(posted));
        EXPECT_EQ(made.header("X-Method"), "POST");
        EXPECT_EQ(made.header("X-Type"), "text/x");
        EXPECT_EQ(co_await made.text(), "/things new");
        twill::http::client_request asked{.method = "HEAD", .url = at(there, "/h")};
        auto head = co_await web.send(std::move(asked));
        EXPECT_EQ(head.content_length(), 3U);
        EXPECT_EQ(co_await head.text(), "");
    });
}

TEST(HttpClient, KeepsConnections) {
    std::set<std::string> peers;
    const auto answer = [&](exchange& x) -> task<> {
        peers.insert(x.peer());
        co_await x.respond(200, "content");
    };
    beside_server({}, answer, [&](endpoint there) -> task<> {
        client web;
        for (int i = 0; i < 5; ++i)
            EXPECT_EQ(co_await (co_await web.get(at(there, "/"))).text(), "content");
        EXPECT_EQ(peers.size(), 1U);
        EXPECT_EQ(web.idle_connections(), 1U);
        // A content that is not read to its end costs the connection.
        static_cast<void>(co_await web.get(at(there, "/")));
        EXPECT_EQ(web.idle_connections(), 0U);
        EXPECT_EQ(co_await (co_await web.get(at(there, "/"))).text(), "content");
        EXPECT_EQ(peers.size(), 2U);
    });
}

// Each host that was asked once would hold a descriptor for ever.
TEST(HttpClient, ConnectionsThatAreKeptAreLimitedForAllHostsTogether) {
    const auto answer = [](exchange& x) -> task<> { co_await x.respond(200, x.peer()); };
    beside_server({}, answer, [&](endpoint there) -> task<> {
        client web({.max_idle_connections = 3,
                    .connect = [&](const twill::http::url&) -> task<twill::any_stream> {
                        co_return twill::any_stream(co_await twill::connect(there));
                    }});
        const auto peer_at = [&](int host) -> task<std::string> {
            auto got = co_await web.get("http://host-" + std::to_string(host) + "/");
            co_return co_await got.text();
        };
        const auto descriptors = open_descriptors();
        std::string last;
        for (int i = 0; i < 20; ++i) last = co_await peer_at(i);
        EXPECT_EQ(web.idle_connections(), 3U);
        EXPECT_LE(open_descriptors(), descriptors + 2 * 3 + 2) << "both ends are of this process";
        EXPECT_EQ(co_await peer_at(19), last) << "the newest are those that are kept";
    });
}

TEST(HttpClient, ConnectionsThatWereIdleTooLongAreClosedByARequestElsewhere) {
    const auto answer = [](exchange& x) -> task<> { co_await x.respond(200); };
    beside_server({}, answer, [&](endpoint there) -> task<> {
        client web({.idle_limit = 20ms,
                    .connect = [&](const twill::http::url&) -> task<twill::any_stream> {
                        co_return twill::any_stream(co_await twill::connect(there));
                    }});
        for (const char* host : {"http://a/", "http://b/", "http://c/"})
            co_await (co_await web.get(host)).text();
        co_await twill::sleep(30ms);
        co_await (co_await web.get("http://d/")).text();
        EXPECT_EQ(web.idle_connections(), 1U);
    });
}

// Reads a little of what comes, answers, and reads no more.
TEST(HttpClient, AServerMayAnswerBeforeItHasAllOfTheContent) {
    in_runtime([]() -> task<> {
        twill::tcp_listener door(endpoint::loopback(0));
        const auto refuse = [&]() -> task<> {
            auto stream = co_await door.accept();
            co_await read_until(stream, "\r\n\r\n");
            co_await stream.write_all(
                "HTTP/1.1 413 Content Too Large\r\nContent-Length: 8\r\n"
                "\r\ntoo much");
            co_await for_ever();
        };
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn(refuse);
            client web({.stall_limit = 1h});
            twill::http::client_request large{.method = "POST",
                                              .url = at(door.local(), "/"),
                                              .content = std::string(50'000'000, 'x')};
            auto got = co_await web.send(std::move(large));
            EXPECT_EQ(got.status(), 413);
            EXPECT_EQ(co_await got.text(), "too much");
            EXPECT_EQ(web.idle_connections(), 0U) << "the rest of the content was not sent";
            s.cancel();
        });
    });
}

TEST(HttpClient, ALargeContentIsSentWholeToAServerThatBeginsEarly) {
    const auto content = pattern(3'000'000);
    const auto answer = [](exchange& x) -> task<> {
        x.begin(200);
        co_await x.flush();
        co_await x.write(std::to_string(std::hash<std::string>{}(co_await x.text())));
    };
    beside_server({.connection = {.max_content = 1 << 22}}, answer, [&](endpoint there) -> task<> {
        client web;
        for (int i = 0; i < 2; ++i) {
            twill::http::client_request large{
                .method = "POST", .url = at(there, "/"), .content = content};
            auto got = co_await web.send(std::move(large));
            EXPECT_EQ(co_await got.text(), std::to_string(std::hash<std::string>{}(content)));
        }
    });
}

TEST(HttpClient, ARedirectWhoseContentNeverEndsIsFollowedAllTheSame) {
    in_runtime([]() -> task<> {
        twill::tcp_listener door(endpoint::loopback(0));
        const auto serve = [&]() -> task<> {
            auto first = co_await door.accept();
            co_await read_until(first, "\r\n\r\n");
            co_await first.write_all(
                "HTTP/1.1 302 Found\r\nLocation: /there\r\n"
                "Content-Length: 1000\r\n\r\nx");
            auto second = co_await door.accept();
            co_await read_until(second, "\r\n\r\n");
            co_await second.write_all("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthere");
        };
        const auto visit = [&]() -> task<> {
            client web;
            EXPECT_EQ(co_await (co_await web.get(at(door.local(), "/"))).text(), "there");
        };
        co_await twill::when_all(serve(), visit());
    });
}

TEST(HttpClient, ConnectionsToAHostAreLimited) {
    int at_once = 0;
    int most = 0;
    const auto answer = [&](exchange& x) -> task<> {
        most = std::max(most, ++at_once);
        co_await twill::sleep(2ms);
        --at_once;
        co_await x.respond(200, "content");
    };
    beside_server({}, answer, [](endpoint there) -> task<> {
        client web({.max_connections_per_host = 3});
        const auto visit = [&]() -> task<std::string> {
            auto got = co_await web.get(at(there, "/"));
            co_return co_await got.text();
        };
        std::vector<task<std::string>> all;
        for (int i = 0; i < 20; ++i) all.push_back(visit());
        for (const auto& text : co_await twill::when_all(std::move(all)))
            EXPECT_EQ(text, "content");
        EXPECT_LE(web.idle_connections(), 3U);
    });
    EXPECT_EQ(most, 3);
}

TEST(HttpClient, SendsAndReadsPieceByPiece) {
    const auto text = pattern(300'000);
    const auto answer = [](exchange& x) -> task<> {
        x.set("X-Length", x.request().header("Content-Length"));
        const auto content = co_await x.text();
        x.begin(200);
        for (std::size_t i = 0; i < content.size(); i += 40'000)
            co_await x.write(std::string_view(content).substr(i, 40'000));
    };
    beside_server({}, answer, [&](endpoint there) -> task<> {
        client web;
        for (const bool known : {false, true}) {
            std::size_t given = 0;
            twill::http::client_request what{.method = "PUT", .url = at(there, "/")};
            what.content_source = [&](std::span<std::byte> into) -> task<std::size_t> {
                const std::size_t size =
                    std::min({into.size(), text.size() - given, std::size_t{7001}});
                std::memcpy(into.data(), text.data() + given, size);
                given += size;
                co_return size;
            };
            if (known) what.content_length = text.size();
            auto got = co_await web.send(std::move(what));
            EXPECT_EQ(got.header("X-Length"), known ? "300000" : "");
            EXPECT_EQ(got.content_length(), std::nullopt);
            std::string all;
            std::byte piece[5000];
            while (const auto size = co_await got.read_some(piece))
                all.append(reinterpret_cast<const char*>(piece), size);
            EXPECT_TRUE(all == text);
            EXPECT_EQ(co_await got.read_some(piece), 0U);
        }
        EXPECT_EQ(web.idle_connections(), 1U);
    });
}

TEST(HttpClient, FollowsRedirects) {
    twill::http::router routes;
    const auto to = [](int status, std::string location) {
        return [=](exchange& x) -> task<> { co_await x.set("Location", location).respond(status); };
    };
    const auto tell = [](exchange& x) -> task<> {
        co_await x.respond(
            200, std::string(x.request().method()) + " " + std::string(x.request().target()) + " " +
                     std::string(x.request().header("Authorization")) + " " + co_await x.text());
    };
    routes.on("GET", "/end", tell).on("POST", "/end", tell).on("PUT", "/end", tell);
    for (const char* method : {"GET", "POST", "PUT"})
        routes.on(method, "/302", to(302, "end"))
            .on(method, "/303", to(303, "/end?3"))
            .on(method, "/307", to(307, "/end"));
    routes.on("GET", "/loop", to(301, "/loop")).on("GET", "/nowhere", to(301, "mailto:x"));
    beside_server({}, routes, [](endpoint there) -> task<> {
        client web({.max_redirects = 3});
        const auto sent = [&](std::string method, std::string target) -> task<std::string> {
            twill::http::client_request what{
                .method = method,
                .url = at(there, target),
                .fields = {{"Authorization", "me"}, {"Content-Type", "x"}},
                .content = method == "GET" ? "" : "content"};
            auto got = co_await web.send(std::move(what));
            EXPECT_TRUE(got.url().target.starts_with("/end")) << got.url().to_string();
            co_return co_await got.text();
        };
        EXPECT_EQ(co_await sent("GET", "/302"), "GET /end me ");
        EXPECT_EQ(co_await sent("POST", "/302"), "GET /end me ");
        EXPECT_EQ(co_await sent("PUT", "/302"), "PUT /end me content");
        EXPECT_EQ(co_await sent("POST", "/303"), "GET /end?3 me ");
        EXPECT_EQ(co_await sent("POST", "/307"), "POST /end me content");
        EXPECT_TRUE(co_await throws<bad_response>(web.get(at(there, "/loop"))));
        EXPECT_EQ((co_await web.get(at(there, "/nowhere"))).status(), 301);
        client strict({.max_redirects = 0});
        EXPECT_EQ((co_await strict.get(at(there, "/302"))).status(), 302);
    });
}

TEST(HttpClient, ARedirectToAnotherHostGoesWithoutSecrets) {
    const auto tell = [](exchange& x) -> task<> {
        co_await x.respond(200, "[" + std::string(x.request().header("Authorization")) +
                                    std::string(x.request().header("Cookie")) +
                                    std::string(x.request().header("X-Other")) + "]");
    };
    beside_server({}, tell, [](endpoint other) -> task<> {
        twill::http::server first({.address = "127.0.0.1"});
        const auto redirect = [&](exchange& x) -> task<> {
            // "//host/" is another host, too, by the same scheme.
            const auto there = at(other, "/");
            const bool brief = x.request().path() == "/brief";
            co_await x.set("Location", brief ? there.substr(there.find("//")) : there).respond(307);
        };
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn(&twill::http::server::serve, &first, redirect);
            client web;
            for (const char* path : {"/", "/brief"}) {
                twill::http::client_request what{
                    .url = at(first.local(), path),
                    .fields = {
                        {"Authorization", "secret"}, {"Cookie", "secret"}, {"X-Other", "yes"}}};
                auto got = co_await web.send(std::move(what));
                EXPECT_EQ(co_await got.text(), "[yes]") << path;
                EXPECT_EQ(got.url().port, other.port()) << path;
            }
            s.cancel();
        });
    });
}

TEST(HttpClient, SaysWhatItIsUnlessToldOtherwise) {
    const auto tell = [](exchange& x) -> task<> {
        std::string all;
        for (const auto& [name, value] : x.request().fields())
            if (twill::http::same_name(name, "User-Agent")) all += "[" + std::string(value) + "]";
        co_await x.respond(200, all);
    };
    beside_server({}, tell, [](endpoint there) -> task<> {
        const auto said = [&](client& by, const char* own = nullptr) -> task<std::string> {
            twill::http::client_request what{.url = at(there, "/")};
            if (own != nullptr) what.fields = {{"user-agent", own}};
            auto got = co_await by.send(std::move(what));
            co_return co_await got.text();
        };
        client usual;
        EXPECT_EQ(co_await said(usual), "[twill/" TWILL_VERSION "]");
        EXPECT_EQ(co_await said(usual, "mine"), "[mine]") << "that of a request comes first";
        client named({.user_agent = "checker/2 (+http://example.org)"});
        EXPECT_EQ(co_await said(named), "[checker/2 (+http://example.org)]");
        client silent({.user_agent = ""});
        EXPECT_EQ(co_await said(silent), "");
        EXPECT_EQ(co_await said(silent, "mine"), "[mine]");
    });
    EXPECT_THROW(client({.user_agent = "a\r\nX: y"}), twill::usage_error);
    EXPECT_THROW(client({.user_agent = std::string("a\0b", 3)}), twill::usage_error);
}

// A host that takes the connection and nothing else.
TEST(HttpClient, AServerThatTakesNothingOfTheRequestIsGivenUp) {
    in_runtime([]() -> task<> {
        twill::tcp_listener door(endpoint::loopback(0));
        client web({.head_limit = 1h, .stall_limit = 50ms});
        for (const bool by_source : {false, true}) {
            twill::http::client_request large{.method = "POST", .url = at(door.local(), "/")};
            if (by_source)
                large.content_source = [](std::span<std::byte> into) -> task<std::size_t> {
                    std::ranges::fill(into, std::byte{'x'});
                    co_return into.size();
                };
            else
                large.content = std::string(50'000'000, 'x');
            EXPECT_TRUE(co_await throws<twill::timed_out>(web.send(std::move(large)))) << by_source;
            EXPECT_EQ(web.idle_connections(), 0U);
        }
    });
}

constexpr const char* fine = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";

TEST(HttpClient, AKeptConnectionThatWasClosedIsNoFailure) {
    beside_script({fine, "", fine}, [](endpoint there) -> task<> {
        client web({.retries = 0});
        EXPECT_EQ(co_await (co_await web.get(at(there, "/"))).text(), "fine");
        // The server reads this one, and closes.
        EXPECT_EQ(co_await (co_await web.get(at(there, "/"))).text(), "fine");
    });
}

TEST(HttpClient, WhatCouldDoHarmTwiceIsSentOnce) {
    beside_script({fine, "", fine}, [](endpoint there) -> task<> {
        client web;
        EXPECT_EQ(co_await (co_await web.get(at(there, "/"))).text(), "fine");
        twill::http::client_request what{.method = "POST", .url = at(there, "/")};
        EXPECT_TRUE(co_await throws<bad_response>(web.send(std::move(what))));
    });
}

TEST(HttpClient, TriesAgain) {
    beside_script({"", fine, "", ""}, [](endpoint there) -> task<> {
        client web;
        EXPECT_EQ(co_await (co_await web.get(at(there, "/"))).text(), "fine");
        client once({.retries = 1});
        EXPECT_TRUE(co_await throws<bad_response>(once.get(at(there, "/"))));
    });
}

TEST(HttpClient, RefusesMalformedResponses) {
    for (const char* text :
         {"nonsense\r\n\r\n", "HTTP/1.1 200 OK\n\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 99 x\r\n\r\n",
          "HTTP/1.1 200 OK\r\nX : y\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
          "HTTP/1.1 101 Switching Protocols\r\n\r\n"})
        beside_script({text}, [&](endpoint there) -> task<> {
            client web;
            EXPECT_TRUE(co_await throws<bad_response>(web.get(at(there, "/")))) << text;
            EXPECT_EQ(web.idle_connections(), 0U);
        });
}

TEST(HttpClient, AContentThatBreaksOffIsAFailure) {
    for (const char* text :
         {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nabc",
          "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
          "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"})
        beside_script({text}, [&](endpoint there) -> task<> {
            client web;
            auto got = co_await web.get(at(there, "/"));
            EXPECT_TRUE(co_await throws<bad_response>(got.text())) << text;
        });
}

TEST(HttpClient, ReadsAContentThatEndsWithTheConnection) {
    beside_script({"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end"},
                  [](endpoint there) -> task<> {
                      client web;
                      auto got = co_await web.get(at(there, "/"));
                      EXPECT_EQ(co_await got.text(), "to the end");
                      EXPECT_EQ(co_await got.text(), "");
                  });
}

TEST(HttpClient, PassesOverNotes) {
    beside_script({"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" +
                   std::string(fine)},
                  [](endpoint there) -> task<> {
                      client web;
                      auto got = co_await web.get(at(there, "/"));
                      EXPECT_EQ(got.status(), 200);
                      EXPECT_EQ(got.header("Link"), "");
                      EXPECT_EQ(co_await got.text(), "fine");
                  });
}

TEST(HttpClient, LimitsHowLongItWaits) {
    const auto answer = [](exchange& x) -> task<> {
        if (x.request().path() == "/stalls") {
            x.begin(200);
            co_await x.write("begun");
            co_await x.flush();
        }
        co_await for_ever();
    };
    beside_server({.drain_limit = 0ms}, answer, [](endpoint there) -> task<> {
        client web({.head_limit = 20ms, .stall_limit = 20ms});
        EXPECT_TRUE(co_await throws<twill::timed_out>(web.get(at(there, "/"))));
        client patient({.stall_limit = 20ms});
        auto got = co_await patient.get(at(there, "/stalls"));
        EXPECT_TRUE(co_await throws<twill::timed_out>(got.text()));
    });
}

TEST(HttpClient, LimitsWhatItReads) {
    beside_server({}, answer_all, [](endpoint there) -> task<> {
        client web({.max_content = 100});
        EXPECT_TRUE(co_await throws<bad_response>(web.get(at(there, "/" + std::string(200, 'a')))));
        client free;
        auto got = co_await free.get(at(there, "/" + std::string(200, 'a')));
        EXPECT_TRUE(co_await throws<bad_response>(got.text(100)));
    });
}

TEST(HttpClient, MisuseIsAnError) {
    in_runtime([]() -> task<> {
        client web;
        EXPECT_TRUE(co_await throws<twill::usage_error>(web.get("nowhere")));
        const auto field = [&](std::string name, std::string value) {
            return web.send({.url = "http://127.0.0.1:1/", .fields = {{name, value}}});
        };
        EXPECT_TRUE(co_await throws<twill::usage_error>(field("a b", "c")));
        EXPECT_TRUE(co_await throws<twill::usage_error>(field("a", "b\r\nc: d")));
        EXPECT_TRUE(co_await throws<twill::usage_error>(field("host", "b")));
        twill::http::client_request odd{.method = "G T", .url = "http://127.0.0.1:1/"};
        EXPECT_TRUE(co_await throws<twill::usage_error>(web.send(std::move(odd))));
    });
}

}  // namespace
