// What tests of HTTP share.
#pragma once

#include <twill/core/scope.hpp>
#include <twill/net/http_server.hpp>

#include "io/streams.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace twill_test {

// Runs `client(address)` beside a server that answers by `answer`, and then ends the server.
template <class Client>
void beside_server(twill::http::server_options options, twill::http::handler answer,
                   Client client) {
    in_runtime([&]() -> twill::task<> {
        options.address = "127.0.0.1";
        twill::http::server server(options);
        co_await twill::scope([&](twill::scope_ref s) -> twill::task<> {
            s.spawn(&twill::http::server::serve, &server, answer);
            co_await client(server.local());
            s.cancel();
        });
    });
}

// Handlers.
inline twill::task<> echo_target(twill::http::exchange& x) {
    co_await x.respond(200, std::string(x.request().target()));
}
inline twill::task<> echo_content(twill::http::exchange& x) {
    const auto text = co_await x.text();
    co_await x.respond(200, text);
}

// What a server with these options reports.
struct reports {
    std::vector<std::string> lines;
    twill::http::server_options options() {
        return {
            .connection = {.report = [this](std::string_view line) { lines.emplace_back(line); }}};
    }
};

// Sends `text` and gives all that comes until the other end closes. A reset is the end, too.
inline twill::task<std::string> ask(twill::endpoint there, std::string text) {
    auto stream = co_await twill::connect(there);
    co_await stream.write_all(text);
    std::string all;
    char buffer[65536];
    try {
        while (const auto got =
                   co_await stream.read_some(std::as_writable_bytes(std::span(buffer))))
            all.append(buffer, got);
    } catch (const twill::io_error& failure) {
        all += "[" + failure.code().message() + "]";
    }
    co_return all;
}

// Reads until what has come ends with `end`.
template <class Stream>
twill::task<std::string> read_until(Stream& from, std::string_view end) {
    std::string all;
    char one = 0;
    while (!all.ends_with(end)) {
        const auto got =
            co_await from.read_some(std::as_writable_bytes(std::span<char, 1>(&one, 1)));
        if (got == 0) co_return all + "[end]";
        all += one;
    }
    co_return all;
}

inline std::string get(const std::string& target, const std::string& fields = "") {
    return "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}
inline std::string get_last(const std::string& target) {
    return get(target, "Connection: close\r\n");
}
inline std::string post(const std::string& target, const std::string& content,
                        const std::string& fields = "Connection: close\r\n") {
    return "POST " + target +
           " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(content.size()) + "\r\n" +
           fields + "\r\n" + content;
}

inline std::string status_line(const std::string& response) {
    return response.substr(0, response.find("\r\n"));
}
// What stands behind the head.
inline std::string content_of(const std::string& response) {
    const auto end = response.find("\r\n\r\n");
    return end == std::string::npos ? "[no head]" : response.substr(end + 4);
}
inline bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}
inline std::size_t count_of(const std::string& text, std::string_view part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
}

}  // namespace twill_test
