// An HTTP server whose requests cost a few milliseconds of a core each.

#include "common/meter.hpp"
#include "io/programs.hpp"

#include <twill/net/http_server.hpp>
#include <twill/runtime/compute.hpp>
#include <twill/runtime/runtime.hpp>
#include <twill/runtime/usable_cpus.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace twill::inline TWILL_ABI::bench {
namespace {

using namespace std::chrono_literals;

// Some milliseconds; bench/peers/go/overload.go does the same.
std::uint64_t work() {
    constexpr std::uint64_t rounds = 3'000'000;
    std::uint64_t x = 88172645463325252U;
    for (std::uint64_t i = 0; i < rounds; ++i) {
        x ^= x << 13U;
        x ^= x >> 7U;
        x ^= x << 17U;
    }
    return x;
}

task<> answer(http::exchange& x) {
    const std::uint64_t found = co_await compute(work);
    co_await x.respond(200, std::to_string(found));
}

task<> serve(bool with_admission) {
    http::server_options options{.address = "127.0.0.1"};
    if (with_admission)
        options.overload = {.target = 5ms, .max_handlers = std::size_t{2} * usable_cpus()};
    http::server server(options);
    print("port", server.local().port());
    co_await server.serve(answer);
}

}  // namespace

void run_overloaded(const words& arguments) {
    const bool with_admission = arguments.at(0) == "admission";
    run([=] { return serve(with_admission); });
}

}  // namespace twill::inline TWILL_ABI::bench
