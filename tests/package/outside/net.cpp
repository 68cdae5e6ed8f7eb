#include <twill/core/config.hpp>
#include <twill/net/http_message.hpp>

#include <cstdio>

int main() {
    twill::http::request request;
    request.assign({.method = "GET", .target = "/?q=a%20b"}, {});
    if (request.query("q") != "a b") return 1;
    std::puts("outside: twill_net " TWILL_VERSION " works");
}
