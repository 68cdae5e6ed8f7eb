// http_proxy UPSTREAM [PORT]: passes requests on to http://UPSTREAM (host:port) and the responses
// back, piece by piece. Without arguments it stands before a server of its own, visits itself, and
// ends.
#include <twill/core/scope.hpp>
#include <twill/io/endpoint.hpp>
#include <twill/io/signal.hpp>
#include <twill/net/http_client.hpp>
#include <twill/net/http_server.hpp>
#include <twill/runtime/runtime.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <initializer_list>
#include <string>

using twill::task;
using twill::http::exchange;

// Fields that are about one connection, and those that each side sets for itself.
bool stays_here(std::string_view name) {
    return std::ranges::any_of(
        std::initializer_list<std::string_view>{"Connection", "Content-Length", "Date", "Expect",
                                                "Host", "Keep-Alive", "Proxy-Authenticate",
                                                "Proxy-Authorization", "TE", "Trailer",
                                                "Transfer-Encoding", "Upgrade"},
        [&](std::string_view own) { return twill::http::same_name(name, own); });
}

// Whether `list` ("close, X-Trace") has the name: what Connection lists is about the connection,
// too.
bool lists(std::string_view list, std::string_view name) {
    while (!list.empty()) {
        const auto comma = std::min(list.find(','), list.size());
        auto each = list.substr(0, comma);
        each.remove_prefix(std::min(each.find_first_not_of(" \t"), each.size()));
        each = each.substr(0, each.find_last_not_of(" \t") + 1);
        if (twill::http::same_name(each, name)) return true;
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return false;
}

// "127.0.0.1" of "127.0.0.1:4711", "::1" of "[::1]:4711".
std::string host_of(const std::string& peer) {
    const auto host = peer.substr(0, peer.rfind(':'));
    return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
}

task<> pass_on(twill::http::client& web, const std::string& upstream, exchange& x) {
    const auto& asked = x.request();
    twill::http::client_request what{.method = std::string(asked.method()),
                                     .url = "http://" + upstream + std::string(asked.path())};
    if (!asked.query().empty()) what.url.append("?").append(asked.query());
    for (const auto& [name, value] : asked.fields())
        if (!stays_here(name) && !lists(asked.header("Connection"), name))
            what.fields.emplace_back(name, value);
    what.fields.emplace_back("X-Forwarded-For", host_of(x.peer()));
    // A request without content can be tried again.
    if (asked.content_length() != 0U) {
        what.content_length = asked.content_length();
        what.content_source = [&x](std::span<std::byte> into) { return x.read_some(into); };
    }
    std::string failure;
    try {
        auto got = co_await web.send(std::move(what));
        for (const auto& [name, value] : got.fields())
            if (!stays_here(name) && !lists(got.header("Connection"), name)) x.add(name, value);
        x.begin(got.status(), got.content_length());
        std::byte piece[16384];
        while (const auto size = co_await got.read_some(piece))
            co_await x.write(std::span(piece).first(size));
    } catch (const std::runtime_error& trouble) {
        if (x.begun()) throw;
        failure = trouble.what();
    }
    if (failure.empty()) co_return;
    std::fprintf(stderr, "%s\n", failure.c_str());
    co_await x.respond(502, "the server behind does not answer\n");
}

task<> show(std::string url) {
    twill::http::client web;
    auto got = co_await web.get(url);
    std::printf("%d: %s", got.status(), (co_await got.text()).c_str());
}

int main(int count, char** arguments) try {
    const auto port =
        twill::endpoint::parse(std::string("127.0.0.1:") + (count > 2 ? arguments[2] : "0")).port();
    twill::run([&]() -> task<> {
        twill::signal_watcher stop({SIGINT, SIGTERM});
        twill::http::server behind({.address = "127.0.0.1"});
        const std::string upstream = count > 1 ? arguments[1] : behind.local().to_string();
        twill::http::client web({.max_redirects = 0});
        twill::http::server server({.port = port, .address = "127.0.0.1"});
        const auto here = server.local().to_string();
        std::printf("passing on from %s to %s\n", here.c_str(), upstream.c_str());
        std::fflush(stdout);  // also to a pipe: it tells whether it is there
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn(&twill::http::server::serve, &server,
                    [&](exchange& x) { return pass_on(web, upstream, x); });
            if (count > 1) {
                co_await stop.next();
            } else {
                s.spawn(&twill::http::server::serve, &behind, [](exchange& x) -> task<> {
                    co_await x.respond(200,
                                       "you asked for " + std::string(x.request().target()) + "\n");
                });
                co_await show("http://" + here + "/some/page?x=y");
            }
            s.cancel();
        });
    });
} catch (const std::exception& failure) {
    std::fprintf(stderr, "http_proxy: %s\n", failure.what());  // the port is none, or taken
    return 2;
}
