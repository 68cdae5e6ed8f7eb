// oneTBB, one thread.

#include "fib.hpp"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_invoke.h>

namespace {

long fib(int n) {
    if (n < 2) return n;
    long a = 0;
    long b = 0;
    oneapi::tbb::parallel_invoke([&] { a = fib(n - 1); }, [&] { b = fib(n - 2); });
    return a + b;
}

}  // namespace

int main(int argc, char** argv) {
    const oneapi::tbb::global_control one(oneapi::tbb::global_control::max_allowed_parallelism, 1);
    return twill::bench::measure_fib(argc, argv, fib);
}
