// std::execution::par, as the C++ library of GCC has it: on oneTBB.

#include "peer.hpp"

#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <execution>
#include <numeric>
#include <string_view>

namespace twill::inline TWILL_ABI::bench {
namespace {

class std_loops {
public:
    template <class F>
    void inside(F&& f) {
        arena_.execute(f);
    }
    static void write(int* to, std::size_t count, int k) {
        std::for_each_n(std::execution::par, to, count,
                        [=](int& element) { element = static_cast<int>(&element - to) * k; });
    }
    template <class T>
    static T sum(const T* from, std::size_t count) {
        return std::reduce(std::execution::par, from, from + count, T{0});
    }
    static std::size_t count_below(const int* from, std::size_t count, int bound) {
        return static_cast<std::size_t>(std::count_if(std::execution::par, from, from + count,
                                                      [=](int each) { return each < bound; }));
    }
    static void scale(const double* from, double* to, std::size_t count, double by) {
        std::transform(std::execution::par, from, from + count, to,
                       [=](double each) { return each * by; });
    }

private:
    oneapi::tbb::task_arena arena_;
};

}  // namespace
}  // namespace twill::inline TWILL_ABI::bench

int main(int argc, char** argv) {
    namespace bench = twill::bench;
    const std::string_view name = argc > 2 ? argv[1] : "";
    if (argc > 2 && bench::run_peer_loops<bench::std_loops>(name, argv[2])) return 0;
    std::fprintf(stderr, "%s: there is no such program\n", argv[0]);
    return 2;
}
