// OpenMP tasks, one thread.

#include "fib.hpp"

namespace {

long fib(int n) {
    if (n < 2) return n;
    long a = 0;
    long b = 0;
#pragma omp task shared(a)
    a = fib(n - 1);
    b = fib(n - 2);
#pragma omp taskwait
    return a + b;
}

long in_region(int n) {
    long result = 0;
#pragma omp parallel num_threads(1)
#pragma omp single
    result = fib(n);
    return result;
}

}  // namespace

int main(int argc, char** argv) { return twill::bench::measure_fib(argc, argv, in_region); }
