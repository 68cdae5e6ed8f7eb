// OpenMP: tasks, and parallel loops. Built with g++ and with clang.

#include "fib.hpp"
#include "peer.hpp"

#include <omp.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

class openmp {
public:
    struct context {};

    explicit openmp(unsigned threads) : threads_(static_cast<int>(threads)) {}

    template <class F>
    auto run(F&& f) {
        context here;
        decltype(f(here)) result{};
#pragma omp parallel num_threads(threads_)
#pragma omp single
        result = f(here);
        return result;
    }

    template <class F, class G>
    static auto two(context& here, F&& f, G&& g) {
        decltype(f(here)) a;
#pragma omp task default(none) shared(a, here, f)
        a = f(here);
        const auto b = g(here);
#pragma omp taskwait
        return std::pair{a, b};
    }

    template <class A, class B, class C, class D>
    static void four(context& here, A&& a, B&& b, C&& c, D&& d) {
#pragma omp task default(none) shared(here, a)
        a(here);
#pragma omp task default(none) shared(here, b)
        b(here);
#pragma omp task default(none) shared(here, c)
        c(here);
        d(here);
#pragma omp taskwait
    }

    template <class Wanted, class F>
    static long sum(context& here, int count, Wanted&& wanted, F&& f) {
        child_values values(count);
        for (int i = 0; i < count; ++i) {
            values[i] = 0;
            if (!wanted(i)) continue;
#pragma omp task default(none) shared(here, values, f) firstprivate(i)
            values[i] = f(here, i);
        }
#pragma omp taskwait
        long total = 0;
        for (int i = 0; i < count; ++i) total += values[i];
        return total;
    }

private:
    int threads_;
};

// From a plain thread a team is called up for each loop; inside of one it is cut into tasks.
struct openmp_loops {
    template <class F>
    static void inside(F&& f) {
#pragma omp parallel
#pragma omp single
        f();
    }
    static void write(int* to, std::size_t count, int k) {
        if (omp_in_parallel() != 0) {
#pragma omp taskloop default(none) shared(to, count, k)
            for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<int>(i) * k;
        } else {
#pragma omp parallel for default(none) shared(to, count, k)
            for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<int>(i) * k;
        }
    }
    template <class T>
    static T sum(const T* from, std::size_t count) {
        T total = 0;
        if (omp_in_parallel() != 0) {
#pragma omp taskloop default(none) shared(from, count) reduction(+ : total)
            for (std::size_t i = 0; i < count; ++i) total += from[i];
        } else {
#pragma omp parallel for default(none) shared(from, count) reduction(+ : total)
            for (std::size_t i = 0; i < count; ++i) total += from[i];
        }
        return total;
    }
    static std::size_t count_below(const int* from, std::size_t count, int bound) {
        std::size_t total = 0;
#pragma omp parallel for simd default(none) shared(from, count, bound) reduction(+ : total)
        for (std::size_t i = 0; i < count; ++i) total += from[i] < bound ? 1 : 0;
        return total;
    }
    static void scale(const double* from, double* to, std::size_t count, double by) {
#pragma omp parallel for simd default(none) shared(from, to, count, by)
        for (std::size_t i = 0; i < count; ++i) to[i] = from[i] * by;
    }
    static std::vector<std::size_t> histogram(const std::vector<std::uint32_t>& all) {
        std::vector<std::size_t> total(buckets);
        std::size_t* const counts = total.data();
#pragma omp parallel for default(none) shared(all) reduction(+ : counts[ : buckets])
        for (std::size_t i = 0; i < all.size(); ++i) ++counts[bucket_of(all[i])];
        return total;
    }
    template <class F>
    static void each(std::size_t count, F&& f) {
#pragma omp parallel for schedule(dynamic) default(none) shared(count, f)
        for (std::size_t i = 0; i < count; ++i) f(i);
    }
    template <class F>
    static void regions(const std::vector<int>& units, F&& f) {
#pragma omp parallel default(none) shared(units, f)
#pragma omp single
        for (const int size : units) {
#pragma omp task default(none) firstprivate(size) shared(f)
            {
#pragma omp taskloop default(none) shared(f, size)
                for (int i = 0; i < size; ++i) f();
            }
        }
    }
};

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
}  // namespace twill::inline TWILL_ABI::bench

int main(int argc, char** argv) {
    namespace bench = twill::bench;
    return bench::peer_main<bench::openmp, bench::openmp_loops>(
        argc, argv, [&] { return bench::measure_fib(argc, argv, bench::in_region); });
}
