#include <twill/net/http_server.hpp>

#include "http.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::endpoint;
using twill::task;
using twill::http::exchange;

TEST(HttpAccessLog, TellsTheAccessLog) {
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

TEST(HttpAccessLog, TheAccessLogIsToldOfWhatWasRefusedToo) {
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
        co_await ask(there, "POST /long HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999\r\n\r\n");
        co_await ask(there, "HEAD /slow HTTP/1.1\r\nHost: a\r\n\r\n");
        co_await ask(there, get("/begun"));
    });
    EXPECT_EQ(lines, (std::vector<std::string>{" 400", " 408", "POST 413", "HEAD 503", "GET 200"}));
}

TEST(HttpAccessLog, ALogThatFailsCostsNoResponse) {
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

}  // namespace
