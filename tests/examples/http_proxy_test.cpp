// The reverse proxy as its users run it, before a server of this test's.
#include <gtest/gtest.h>

#include <twill/core/scope.hpp>
#include <twill/core/timeout.hpp>
#include <twill/io/buffered_reader.hpp>
#include <twill/io/process.hpp>
#include <twill/net/http_client.hpp>
#include <twill/net/http_server.hpp>
#include <twill/runtime/runtime.hpp>

#include <csignal>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::chrono_literals;
using twill::task;
using twill::http::exchange;

// What one field says, as often as it is there.
std::vector<std::string> all_of(std::span<const twill::http::field> fields, std::string_view name) {
    std::vector<std::string> values;
    for (const auto& each : fields)
        if (twill::http::same_name(each.name, name)) values.emplace_back(each.value);
    return values;
}

// Asks for `what` through the proxy, with `answer` behind it.
task<> through_proxy(twill::http::handler answer, twill::http::client_request what,
                     std::function<task<>(twill::http::response&)> look) {
    twill::http::server behind({.address = "127.0.0.1"});
    co_await twill::scope([&](twill::scope_ref s) -> task<> {
        s.spawn(&twill::http::server::serve, &behind, answer);
        auto proxy =
            twill::process::start({.arguments = {TWILL_PROXY_PROGRAM, behind.local().to_string()},
                                   .environment = {"TWILL_WATCHDOG=off"},
                                   .out = twill::stdio::pipe()});
        twill::buffered_reader lines(proxy.out());
        // "passing on from 127.0.0.1:4711 to ..."
        const auto line = co_await twill::with_timeout(20s, lines.read_line());
        const std::string said(line.value_or(""));
        const auto from = said.find("127");
        what.url = "http://" + said.substr(from, said.find(' ', from) - from) + what.url;
        twill::http::client web;
        {
            auto got = co_await twill::with_timeout(20s, web.send(what));
            co_await look(got);
        }
        proxy.signal(SIGTERM);
        EXPECT_EQ((co_await proxy.wait()).shell_code(), 0);
        s.cancel();
    });
}

TEST(HttpProxyProgram, passes_on_every_field_but_those_of_the_connection) {
    std::vector<std::string> forwarded, kept;
    const auto answer = [&](exchange& x) -> task<> {
        forwarded = all_of(x.request().fields(), "X-Forwarded-For");
        kept = all_of(x.request().fields(), "X-Kept");
        x.add("Set-Cookie", "a=1").add("Set-Cookie", "b=2");
        co_await x.respond(200, "whole");
    };
    const auto look = [](twill::http::response& got) -> task<> {
        EXPECT_EQ(got.status(), 200);
        EXPECT_EQ(all_of(got.fields(), "Set-Cookie"), (std::vector<std::string>{"a=1", "b=2"}));
        EXPECT_EQ(co_await got.text(), "whole");
    };
    twill::run([&] {
        return through_proxy(
            answer, {.url = "/x", .fields = {{"X-Kept", "yes"}, {"TE", "trailers"}}}, look);
    });
    EXPECT_EQ(forwarded, std::vector<std::string>{"127.0.0.1"}) << "an address without a port";
    EXPECT_EQ(kept, std::vector<std::string>{"yes"});
}

}  // namespace
