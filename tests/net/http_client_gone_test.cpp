#include <twill/net/http_server.hpp>

#include <twill/core/cancellation.hpp>
#include <twill/core/error.hpp>
#include <twill/core/sleep.hpp>

#include "http.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::endpoint;
using twill::task;
using twill::http::exchange;

TEST(HttpClientGone, AHandlerIsCancelledWhenItsClientLeaves) {
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
    beside_server({}, answer, [&](endpoint there) -> task<> {
        {
            auto stream = co_await twill::connect(there);
            co_await stream.write_all(get("/") + get("/and another"));
            while (!begun) co_await twill::sleep(1ms);
        }
        while (!cut) co_await twill::sleep(5ms);
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
