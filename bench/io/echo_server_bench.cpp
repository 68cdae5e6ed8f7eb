// A TCP echo server, one task a connection.

#include "common/meter.hpp"
#include "io/programs.hpp"

#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/io/tcp.hpp>
#include <twill/runtime/runtime.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

namespace twill::inline TWILL_ABI::bench {
namespace {

task<> serve(tcp_stream stream) {
    std::array<std::byte, 4096> buffer;  // filled by read_some
    try {
        while (const std::size_t n = co_await stream.read_some(buffer))
            co_await stream.write_all(std::span(buffer).first(n));
    } catch (const io_error&) {
        // A client that is gone does not end the server.
    }
}

task<> accept_all(scope_ref s, tcp_listener& door) {
    for (;;) {
        tcp_stream stream = co_await door.accept();
        s.spawn(serve, std::move(stream));
    }
}

task<> echo() {
    tcp_listener door(endpoint::loopback(0));
    print("port", door.local().port());
    co_await scope([&](scope_ref s) { return accept_all(s, door); });
}

}  // namespace

void run_echo(const words& arguments) {
    runtime_options options;
    options.event_threads = static_cast<unsigned>(std::stoul(arguments.at(0)));
    run(options, echo);
}

}  // namespace twill::inline TWILL_ABI::bench
