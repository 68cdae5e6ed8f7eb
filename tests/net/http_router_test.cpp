#include <twill/net/http_router.hpp>

#include <twill/core/error.hpp>

#include "http.hpp"
#include "net/http_service.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace {

using namespace twill_test;
using twill::endpoint;
using twill::task;
using twill::http::exchange;
using twill::http::router;

// Says `name`, and what the parameters are.
twill::http::handler say(std::string name) {
    return [name](exchange& x) -> task<> {
        std::string text = name;
        for (const char* parameter : {"id", "path"})
            if (!x.parameter(parameter).empty())
                text += " " + std::string(parameter) + "=" + std::string(x.parameter(parameter));
        co_await x.respond(200, text);
    };
}

task<std::string> content(endpoint there, std::string target) {
    co_return content_of(co_await ask(there, get_last(target)));
}

TEST(HttpRouter, FindsTheHandlerByMethodAndPath) {
    router routes;
    routes.on("GET", "/users/{id}", say("user"))
        .on("GET", "/files/{path...}", say("file"))
        .on("GET", "/users/me", say("me"))
        .on("GET", "/", say("root"))
        .on("POST", "/users/{id}", say("change"))
        .on("GET", "/users/{id}/posts", say("posts"));
    beside_server({}, routes, [](endpoint there) -> task<> {
        EXPECT_EQ(co_await content(there, "/"), "root");
        EXPECT_EQ(co_await content(there, "/?x=y"), "root");
        EXPECT_EQ(co_await content(there, "/users/7"), "user id=7");
        EXPECT_EQ(co_await content(there, "/users/a%2Fb%20c"), "user id=a/b c");
        EXPECT_EQ(co_await content(there, "/users/me"), "me");
        EXPECT_EQ(co_await content(there, "/users/m%65"), "me");
        EXPECT_EQ(co_await content(there, "/users/7/posts"), "posts id=7");
        EXPECT_EQ(co_await content(there, "/files/a/b.txt"), "file path=a/b.txt");
        EXPECT_EQ(co_await content(there, "/files/"), "file");
        EXPECT_EQ(content_of(co_await ask(there, post("/users/7", ""))), "change id=7");
    });
}

TEST(HttpRouter, SaysWhatIsNotThere) {
    router routes;
    routes.on("GET", "/a", say("a")).on("POST", "/a", say("b")).on("GET", "/b/{id}", say("c"));
    beside_server({}, routes, [](endpoint there) -> task<> {
        for (const char* path : {"/", "/b", "/b/", "/b/c/d", "/aa", "/a/"})
            EXPECT_EQ(status_line(co_await ask(there, get_last(path))), "HTTP/1.1 404 Not Found")
                << path;
        EXPECT_EQ(status_line(co_await ask(there, get_last("/%4"))), "HTTP/1.1 400 Bad Request");
        const auto said =
            co_await ask(there, "DELETE /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        EXPECT_EQ(status_line(said), "HTTP/1.1 405 Method Not Allowed");
        EXPECT_TRUE(has(said, "Allow: GET,HEAD,POST\r\n")) << said;
    });
}

TEST(HttpRouter, OptionsNamesTheMethods) {
    router routes;
    routes.on("GET", "/a", say("a")).on("POST", "/b", say("b"));
    beside_server({}, routes, [](endpoint there) -> task<> {
        const auto options = [&](const char* target) {
            return ask(there, std::string("OPTIONS ") + target +
                                  " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        };
        const auto one = co_await options("/a");
        EXPECT_EQ(status_line(one), "HTTP/1.1 204 No Content");
        EXPECT_TRUE(has(one, "Allow: GET,HEAD,OPTIONS\r\n")) << one;
        const auto all = co_await options("*");
        EXPECT_EQ(status_line(all), "HTTP/1.1 204 No Content");
        EXPECT_TRUE(has(all, "Allow: GET,HEAD,POST,OPTIONS\r\n")) << all;
        EXPECT_EQ(status_line(co_await options("/c")), "HTTP/1.1 404 Not Found");
    });
}

TEST(HttpRouter, GetAnswersHead) {
    router routes;
    routes.on("GET", "/a", say("abc"));
    beside_server({}, routes, [](endpoint there) -> task<> {
        const auto said =
            co_await ask(there, "HEAD /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        EXPECT_TRUE(has(said, "Content-Length: 3\r\n")) << said;
        EXPECT_EQ(content_of(said), "");
    });
}

TEST(HttpRouter, AnotherHandlerMayTakeTheRest) {
    router routes;
    routes.on("GET", "/a", say("a")).otherwise(say("rest"));
    beside_server({}, routes, [](endpoint there) -> task<> {
        EXPECT_EQ(co_await content(there, "/a"), "a");
        EXPECT_EQ(co_await content(there, "/b"), "rest");
    });
}

TEST(HttpRouter, RefusesPatternsThatAreNone) {
    router routes;
    const auto refused = [&](const char* pattern) {
        EXPECT_THROW(routes.on("GET", pattern, say("")), twill::usage_error) << pattern;
    };
    for (const char* pattern :
         {"", "a", "/{", "/{}", "/{a", "/a{b}", "/{a}b", "/{a...}/b", "/{...}", "/{a}/{a}", "/a}"})
        refused(pattern);
    routes.on("GET", "/{a}", say(""));
    EXPECT_THROW(routes.on("GET", "/{b}", say("")), twill::usage_error);
    EXPECT_NO_THROW(routes.on("POST", "/{b}", say("")));
}

TEST(HttpRouter, WhoCallsItSeesWhatItRefuses) {
    router routes;
    routes.on("PUT", "/thing", say("thing"));
    const auto around = [&](exchange& x) -> task<> {
        std::optional<twill::http::error> refused;
        try {
            co_await routes(x);
        } catch (const twill::http::error& why) {
            refused = why;
        }
        if (!refused) co_return;
        for (const auto& [name, value] : refused->fields()) x.set(name, value);
        co_await x.respond(refused->status(), "refused: " + std::string(refused->what()));
    };
    beside_server({}, around, [](endpoint there) -> task<> {
        EXPECT_EQ(co_await content(there, "/none"), "refused: Not Found");
        EXPECT_EQ(co_await content(there, "/%"), "refused: the path is badly encoded");
        const auto said = co_await ask(there, get_last("/thing"));
        EXPECT_EQ(content_of(said), "refused: Method Not Allowed");
        EXPECT_TRUE(has(said, "\r\nAllow: PUT\r\n")) << said;
    });
}

// But for the time of each.
std::string without_dates(std::string responses) {
    for (auto date = responses.find("Date: "); date != std::string::npos;
         date = responses.find("Date: ", date))
        responses.erase(date, responses.find("\r\n", date) + 2 - date);
    return responses;
}

// An exception makes a request a third dearer.
TEST(HttpRouter, AServerThatHasItAsHandlerRefusesWithoutAnException) {
    router routes;
    routes.on("PUT", "/thing", say("thing"));
    const twill::http::connection_options usual;
    const twill::detail::http_service service(usual, routes);
    int thrown = 0;
    const auto by_service = [&](exchange& x) -> task<> {
        try {
            co_await service.answer(x);
        } catch (...) {
            ++thrown;
            throw;
        }
    };
    const auto by_exception = [&](exchange& x) { return routes(x); };
    const std::vector<std::string> requests = {
        get_last("/none"),
        get_last("/%"),
        get_last("/thing"),
        post("/thing", "content"),
        "HEAD /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        get("/none") + get("/thing") + get_last("/none")};
    const auto answers = [&](const twill::http::handler& answer) {
        std::vector<std::string> all;
        beside_server({}, answer, [&](endpoint there) -> task<> {
            for (const auto& each : requests) all.push_back(co_await ask(there, each));
        });
        return all;
    };
    const auto now = answers(by_service);
    EXPECT_EQ(thrown, 0);
    const auto wanted = answers(by_exception);
    for (std::size_t i = 0; i < requests.size(); ++i)
        EXPECT_EQ(without_dates(now[i]), without_dates(wanted[i])) << requests[i];
    EXPECT_EQ(status_line(now[0]), "HTTP/1.1 404 Not Found");
    EXPECT_TRUE(has(now[3], "\r\nAllow: PUT\r\n")) << now[3];
}

}  // namespace
