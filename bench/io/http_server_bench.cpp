// HTTP servers: each request is answered by a short text.

#include "common/meter.hpp"
#include "io/programs.hpp"
#include "io/talk.hpp"

#include <twill/net/http_server.hpp>
#include <twill/net/tls.hpp>
#include <twill/runtime/runtime.hpp>

#include <chrono>
#include <string>

namespace twill::inline TWILL_ABI::bench {
namespace {

task<> answer(http::exchange& x) { co_await x.respond(200, http_answer, "text/plain"); }

task<> serve(const tls::server_context* identity) {
    http::server_options options;
    options.address = "127.0.0.1";
    options.tls = identity;
    options.max_connections = 20'000;
    options.connection.idle_limit = std::chrono::hours(1);
    http::server server(options);
    print("port", server.local().port());
    co_await server.serve(answer);
}

runtime_options with_threads(const words& arguments) {
    runtime_options options;
    options.event_threads = static_cast<unsigned>(std::stoul(arguments.at(0)));
    return options;
}

}  // namespace

void run_http(const words& arguments) {
    run(with_threads(arguments), [] { return serve(nullptr); });
}

void run_https(const words& arguments) {
    const tls::server_context identity(
        {.certificate_file = arguments.at(1), .key_file = arguments.at(2)});
    run(with_threads(arguments), [&] { return serve(&identity); });
}

}  // namespace twill::inline TWILL_ABI::bench
