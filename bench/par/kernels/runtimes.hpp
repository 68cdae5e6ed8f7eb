// What the fork-join kernels ask of a runtime, and the runtime that does nothing: plain calls.
//
// Each kernel is written once, over a class like `serial` below, so that twill and the C++ peers do
// the same work; each peer forks in the way that its users do. Needs no library: the peers'
// programs include it too.
#pragma once

#include <twill/core/config.hpp>

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::bench {

struct serial {
    // What is handed on from call to call.
    struct context {};

    // How many threads are to compute.
    explicit serial(unsigned /*threads*/) {}

    // f(context&), on the runtime.
    template <class F>
    auto run(F&& f) {
        context here;
        return f(here);
    }

    // f(context&) and g(context&), and the values of both.
    template <class F, class G>
    static auto two(context& here, F&& f, G&& g) {
        const auto a = f(here);
        return std::pair{a, g(here)};
    }

    // The same with four functions that have no value.
    template <class A, class B, class C, class D>
    static void four(context& here, A&& a, B&& b, C&& c, D&& d) {
        a(here);
        b(here);
        c(here);
        d(here);
    }

    // The sum of f(context&, i) for all i below `count` for which wanted(i): where a fork is dear,
    // only those are forked.
    template <class Wanted, class F>
    static long sum(context& here, int count, Wanted&& wanted, F&& f) {
        long total = 0;
        for (int i = 0; i < count; ++i)
            if (wanted(i)) total += f(here, i);
        return total;
    }
};

constexpr auto always = [](int) { return true; };

// A place for the value of each child, for the runtimes whose forks give none. On the stack if
// there are few, as they nearly always are.
class child_values {
public:
    explicit child_values(int count) : many_(count > few ? static_cast<std::size_t>(count) : 0) {}
    long& operator[](int i) noexcept { return data()[i]; }

private:
    static constexpr int few = 32;
    long* data() noexcept { return many_.empty() ? stack_.data() : many_.data(); }

    std::array<long, few> stack_;
    std::vector<long> many_;
};

}  // namespace twill::inline TWILL_ABI::bench
