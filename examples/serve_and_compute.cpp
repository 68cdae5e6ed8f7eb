// Both halves of twill in one program: a service answers questions, each with parallel work behind
// it, and a slow answer never holds up the others.
//
//     serve_and_compute          # asks itself a few questions, prints the answers, and ends
#include <twill/twill.hpp>

#include <array>
#include <cstdint>
#include <cstdio>
#include <ranges>
#include <span>
#include <stdexcept>
#include <utility>

using namespace std::chrono_literals;

namespace {

bool is_prime(std::uint64_t n) {
    if (n < 2) return false;
    for (std::uint64_t d = 2; d * d <= n; ++d)
        if (n % d == 0) return false;
    return true;
}

// Plain C++, in parallel: no grain size, no task type, no executor.
std::uint64_t primes_below(std::uint64_t limit) {
    return twill::par::count_if(std::views::iota(std::uint64_t{0}, limit), is_prime);
}

// Question and answer are eight bytes each.
twill::task<> answer(twill::tcp_stream stream) {
    std::uint64_t number = 0;
    auto bytes = std::as_writable_bytes(std::span(&number, 1));
    co_await twill::with_timeout(5s, stream.read_exactly(bytes));
    number = co_await twill::compute([&] { return primes_below(number); });
    co_await stream.write_all(bytes);
}

// What goes wrong with one client ends that one; thrown on, it would end the service.
twill::task<> serve(twill::tcp_stream stream) {
    try {
        co_await answer(std::move(stream));
    } catch (const std::runtime_error& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
    }
}

twill::task<> ask(twill::endpoint service, std::uint64_t limit) {
    auto stream = co_await twill::connect(service);
    std::uint64_t number = limit;
    auto bytes = std::as_writable_bytes(std::span(&number, 1));
    co_await stream.write_all(bytes);
    co_await stream.read_exactly(bytes);
    std::printf("%llu primes below %llu\n", static_cast<unsigned long long>(number),
                static_cast<unsigned long long>(limit));
}

}  // namespace

int main() {
    twill::run([]() -> twill::task<> {
        twill::tcp_listener door(twill::endpoint::loopback(0));
        const auto here = door.local();
        co_await twill::scope([&](twill::scope_ref service) -> twill::task<> {
            service.spawn([&door, service]() -> twill::task<> {
                for (;;) service.spawn(serve, co_await door.accept());
            });
            const std::array<std::uint64_t, 3> questions = {1000, 200'000, 10};
            co_await twill::map(questions, [&](std::uint64_t limit) { return ask(here, limit); });
            service.cancel();
        });
    });
}
