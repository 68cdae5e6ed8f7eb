// What par::join costs where it can cost most: on a call that does nothing but an addition.

#include "common/meter.hpp"
#include "first/programs.hpp"

#include <twill/par/join.hpp>
#include <twill/runtime/compute.hpp>
#include <twill/runtime/runtime.hpp>

#include <cstdlib>

namespace twill::inline TWILL_ABI::bench {
namespace {

long plain_fib(int n) { return n < 2 ? n : plain_fib(n - 1) + plain_fib(n - 2); }

long join_fib(int n) {
    if (n < 2) return n;
    const auto [a, b] = par::join([=] { return join_fib(n - 1); }, [=] { return join_fib(n - 2); });
    return a + b;
}

long context_fib(par::context& here, int n) {
    if (n < 2) return n;
    const auto [a, b] = par::join(
        here, [=](par::context& c) { return context_fib(c, n - 1); },
        [=](par::context& c) { return context_fib(c, n - 2); });
    return a + b;
}

// CPU ns of each of the `calls` calls that it takes to compute `expected`.
template <class F>
void measure(const char* metric, long expected, double calls, F&& fib) {
    const double before = cpu_seconds();
    if (fib() != expected) std::abort();
    print(metric, (cpu_seconds() - before) * 1e9 / calls);
}

}  // namespace

void run_fib(int n) {
    // The compiler must not know it.
    volatile int number = n;
    const long expected = plain_fib(number);
    const double calls = 2 * static_cast<double>(plain_fib(number + 1)) - 1;
    run({.compute_threads = 1}, [&]() -> task<> {
        co_await compute([&](par::context& here) {
            measure("plain_ns", expected, calls, [&] { return plain_fib(number); });
            measure("join_ns", expected, calls, [&] { return join_fib(number); });
            measure("context_ns", expected, calls, [&] { return context_fib(here, number); });
        });
    });
}

}  // namespace twill::inline TWILL_ABI::bench
