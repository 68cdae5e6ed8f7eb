// Google Highway's vectorised sort, which uses one core.

#include "par/data.hpp"

#include <hwy/contrib/sort/vqsort.h>

#include <cstdlib>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

class vqsort {
public:
    template <class T>
    void sort(std::vector<T>& all) {
        sorter_(all.data(), all.size(), hwy::SortAscending());
    }

private:
    hwy::Sorter sorter_;
};

}  // namespace
}  // namespace twill::inline TWILL_ABI::bench

int main(int argc, char** argv) {
    twill::bench::vqsort one_core;
    return argc > 2 &&
                   twill::bench::report_sorts(one_core, argv[1], std::strtoul(argv[2], nullptr, 10))
               ? 0
               : 2;
}
