// http_crawler URL [MOST]: follows the links of pages on one host, level by level, 16 at a time,
// and says what each answered. Without a URL it crawls a little web of its own.
#include <twill/async/map.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/timeout.hpp>
#include <twill/net/http_client.hpp>
#include <twill/net/http_server.hpp>
#include <twill/runtime/runtime.hpp>

#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using twill::task;

struct page {
    std::string address;
    int status = 0;
    std::vector<std::string> links;
};

// What stands in href="...".
std::vector<std::string> links_in(const std::string& text, const twill::http::url& base) {
    constexpr std::string_view before = "href=\"";
    std::vector<std::string> links;
    for (auto at = text.find(before); at != std::string::npos; at = text.find(before, at)) {
        at += before.size();
        const auto end = text.find('"', at);
        if (end == std::string::npos) break;
        const auto there = base.resolve(std::string_view(text).substr(at, end - at));
        if (there && there->host == base.host && there->port == base.port)
            links.push_back(there->to_string());
    }
    return links;
}

task<page> visit(twill::http::client& web, std::string address) {
    page seen;
    seen.address = address;
    auto got = co_await web.get(std::move(address));
    seen.status = got.status();
    if (got.header("Content-Type").starts_with("text/html"))
        seen.links = links_in(co_await got.text(1 << 20), got.url());
    co_return seen;
}

task<page> try_visit(twill::http::client& web, std::string address) {
    try {
        co_return co_await twill::with_timeout(10s, visit(web, address));
    } catch (const std::runtime_error& failure) {
        std::printf("     %s: %s\n", address.c_str(), failure.what());
    }
    page failed;
    failed.address = address;
    co_return failed;
}

task<> crawl(std::string start, std::size_t most) {
    twill::http::client web;
    std::set<std::string> known = {start};
    std::vector<std::string> level = {start};
    while (!level.empty()) {
        const auto pages = co_await twill::map(
            level, [&](const std::string& address) { return try_visit(web, address); },
            {.limit = 16});
        level.clear();
        for (const page& each : pages) {
            std::printf("%4d %s\n", each.status, each.address.c_str());
            for (const auto& link : each.links)
                if (known.size() < most && known.insert(link).second) level.push_back(link);
        }
    }
}

// Each page links to three others.
task<> small_web(twill::http::exchange& x) {
    const long number = std::strtol(std::string(x.request().path().substr(1)).c_str(), nullptr, 10);
    if (number > 20) throw twill::http::error(404);
    std::string text = "<p>page " + std::to_string(number);
    for (long i = 1; i <= 3; ++i)
        text += " <a href=\"" + std::to_string(3 * number + i) + "\">next</a>";
    co_await x.respond(200, text, "text/html");
}

int main(int count, char** arguments) {
    twill::run([&]() -> task<> {
        if (count > 1) {
            co_await crawl(arguments[1],
                           count > 2 ? std::strtoul(arguments[2], nullptr, 10) : std::size_t{100});
            co_return;
        }
        twill::http::server server({.address = "127.0.0.1"});
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn(&twill::http::server::serve, &server, small_web);
            co_await crawl("http://" + server.local().to_string() + "/0", 100);
            s.cancel();
        });
    });
}
