// The fork-join kernels on twill.

#include "common/meter.hpp"
#include "par/kernels/run.hpp"
#include "par/programs.hpp"

#include <twill/par/join.hpp>
#include <twill/par/reduce.hpp>
#include <twill/runtime/compute.hpp>
#include <twill/runtime/runtime.hpp>

#include <functional>
#include <ranges>
#include <utility>

namespace twill::inline TWILL_ABI::bench {
namespace {

template <class F>
auto on_workers(runtime& where, F f) {
    using result = decltype(f(std::declval<par::context&>()));
    return where.run([](F& what) -> task<result> { co_return co_await compute(what); }, f);
}

// With the context handed on: the fastest form.
class with_context {
public:
    using context = par::context;

    explicit with_context(unsigned threads)
        : runtime_(runtime_options{.compute_threads = threads}) {}

    template <class F>
    auto run(F&& f) {
        return on_workers(runtime_, [&](par::context& here) { return f(here); });
    }
    template <class F, class G>
    static auto two(context& here, F&& f, G&& g) {
        return par::join(here, f, g);
    }
    template <class A, class B, class C, class D>
    static void four(context& here, A&& a, B&& b, C&& c, D&& d) {
        par::join(here, a, b, c, d);
    }
    template <class Wanted, class F>
    static long sum(context& here, int count, Wanted&& wanted, F&& f) {
        return par::transform_reduce(
            here, std::views::iota(0, count), 0L, std::plus<>(),
            [=](context& there, int i) { return wanted(i) ? f(there, i) : 0L; });
    }

private:
    runtime runtime_;
};

// The form that asks for nothing.
class without_context {
public:
    struct context {};

    explicit without_context(unsigned threads)
        : runtime_(runtime_options{.compute_threads = threads}) {}

    template <class F>
    auto run(F&& f) {
        return on_workers(runtime_, [&](par::context&) { return in_place(f)(); });
    }
    template <class F, class G>
    static auto two(context& /*here*/, F&& f, G&& g) {
        return par::join(in_place(f), in_place(g));
    }
    template <class A, class B, class C, class D>
    static void four(context& /*here*/, A&& a, B&& b, C&& c, D&& d) {
        par::join(in_place(a), in_place(b), in_place(c), in_place(d));
    }
    template <class Wanted, class F>
    static long sum(context& /*here*/, int count, Wanted&& wanted, F&& f) {
        return par::transform_reduce(std::views::iota(0, count), 0L, std::plus<>(), [=](int i) {
            context there;
            return wanted(i) ? f(there, i) : 0L;
        });
    }

private:
    template <class F>
    static auto in_place(const F& f) {
        return [f] {
            context there;
            return f(there);
        };
    }

    runtime runtime_;
};

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
void report_fib(const char* metric, long expected, double calls, F&& fib) {
    const double before = cpu_seconds();
    demand(fib() == expected, metric);
    print(metric, (cpu_seconds() - before) * 1e9 / calls);
}

}  // namespace

bool run_twill_kernel(std::string_view how, std::string_view kernel, int size, unsigned threads) {
    const auto status = how == "serial"  ? run_kernel<serial>(kernel, size, threads)
                        : how == "plain" ? run_kernel<without_context>(kernel, size, threads)
                                         : run_kernel<with_context>(kernel, size, threads);
    return status == 0;
}

void run_fib(int n) {
    // The compiler must not know it.
    volatile int number = n;
    const long expected = plain_fib(number);
    const double calls = 2 * static_cast<double>(plain_fib(number + 1)) - 1;
    runtime alone(runtime_options{.compute_threads = 1});
    on_workers(alone, [&](par::context& here) {
        report_fib("plain_ns", expected, calls, [&] { return plain_fib(number); });
        report_fib("join_ns", expected, calls, [&] { return join_fib(number); });
        report_fib("context_ns", expected, calls, [&] { return context_fib(here, number); });
        return 0;
    });
}

}  // namespace twill::inline TWILL_ABI::bench
