// http::router: which handler a request is for.
//
//     twill::http::router routes;
//     routes.on("GET", "/users/{id}", [&](auto& x) { return show(x, x.parameter("id")); });
//     routes.on("POST", "/users", [&](auto& x) { return add(x); });
//     routes.on("GET", "/files/{path...}", files);
//     s.spawn(&twill::http::server::serve, &server, routes);
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/task.hpp>
#include <twill/net/http_exchange.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace twill::inline TWILL_ABI::http {

// A handler itself. Copyable; a server copies it. Add routes before it serves.
class TWILL_API router {
public:
    // Requests with `method` and a path like `pattern` go to `answer`. A pattern is made of names
    // between slashes; {name} stands for any one that is not empty, and a last {name...} for all
    // that remains, slashes included, be it nothing. Names are compared as they read once decoded.
    // Of several that fit a path, the one with a fixed name at the first difference is taken, then
    // the one with {name}. Throws usage_error for a pattern that is none, or was given before.
    //
    // GET answers HEAD as well, unless there is a route for it. A path without a route gives 404,
    // a method without one 405 that names those there are, both thrown as http::error, so that who
    // calls the router may answer otherwise; a server whose handler is the router itself answers
    // the same without an exception. OPTIONS without a route names the methods by 204, for
    // "OPTIONS *" those of all routes.
    router& on(std::string_view method, std::string_view pattern, handler answer);

    // Answers what no route is for, instead of 404.
    router& otherwise(handler answer);

    [[nodiscard]] task<> operator()(exchange& x) const;

    // For the library. The same, but what it would throw of its own it answers itself: for who
    // calls it with nobody in between that could answer otherwise. An exception makes such a
    // request a third dearer, and who looks for holes in a server sends nothing else.
    [[nodiscard]] task<> answer_all(exchange& x) const;

private:
    enum class kind : unsigned char { fixed, any, rest };
    struct part {
        kind is;
        std::string name;
        bool operator==(const part&) const = default;
    };
    struct route {
        std::string method;
        std::vector<part> parts;
        handler answer;
    };
    // What is to be done with a request: one of the three.
    struct choice {
        const handler* answer = nullptr;
        std::optional<error> refused{};
        std::string methods{};  // are named, if there is neither
    };
    // Gives `x` its parameters.
    [[nodiscard]] choice choose(exchange& x) const;
    static std::vector<part> parse(std::string_view pattern);
    static bool goes_before(const route& a, const route& b) noexcept;
    static bool fits(const route& one, const std::vector<std::string>& names) noexcept;

    std::vector<route> routes_;  // those that go before others first
    handler otherwise_;
};

}  // namespace twill::inline TWILL_ABI::http
