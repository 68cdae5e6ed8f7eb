// The parallel mode of GCC's C++ library, on OpenMP.

#include "par/data.hpp"

#include <parallel/algorithm>

#include <cstdlib>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

struct gnu_parallel {
    template <class T>
    static void sort(std::vector<T>& all) {
        __gnu_parallel::sort(all.begin(), all.end());
    }
    static void sort_records(std::vector<record>& all) {
        __gnu_parallel::sort(all.begin(), all.end(),
                             [](const record& a, const record& b) { return a.key < b.key; });
    }
};

}  // namespace
}  // namespace twill::inline TWILL_ABI::bench

int main(int argc, char** argv) {
    namespace bench = twill::bench;
    if (argc < 3) return 2;
    bench::gnu_parallel all;
    const std::size_t count = std::strtoul(argv[2], nullptr, 10);
    return bench::report_sorts(all, argv[1], count) ||
                   bench::report_object_sorts(all, argv[1], count)
               ? 0
               : 2;
}
