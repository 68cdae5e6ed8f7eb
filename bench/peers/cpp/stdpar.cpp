// std::execution::par, as the C++ library of GCC has it: on oneTBB.

#include "par/data.hpp"
#include "peer.hpp"

#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <execution>
#include <numeric>
#include <string_view>
#include <vector>

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
    template <class T>
    static void sort(std::vector<T>& all) {
        std::sort(std::execution::par, all.begin(), all.end());
    }
    static void sort_records(std::vector<record>& all) {
        std::sort(std::execution::par, all.begin(), all.end(),
                  [](const record& a, const record& b) { return a.key < b.key; });
    }
    static void scan(const std::vector<double>& from, std::vector<double>& to) {
        std::inclusive_scan(std::execution::par, from.begin(), from.end(), to.begin());
    }
    static void partition(std::vector<std::uint32_t>& all) {
        std::stable_partition(std::execution::par, all.begin(), all.end(), is_even);
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
    bench::std_loops all;
    const std::size_t count = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 0;
    if (bench::report_sorts(all, name, count) || bench::report_object_sorts(all, name, count))
        return 0;
    if (name == "scan") return bench::report_scan(all, count), 0;
    if (name == "partition") return bench::report_partition(all, count), 0;
    std::fprintf(stderr, "%s: there is no such program\n", argv[0]);
    return 2;
}
