// Algorithms at the speed of memory: twill's, and the rows.

#include "common/program.hpp"
#include "par/bandwidth.hpp"
#include "par/groups.hpp"
#include "par/programs.hpp"

#include <twill/par/count.hpp>
#include <twill/par/reduce.hpp>
#include <twill/par/transform.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

struct twill_algorithms {
    static double sum(const double* from, std::size_t count) {
        return par::reduce(std::span(from, count), 0.0);
    }
    static std::size_t count_below(const int* from, std::size_t count, int bound) {
        return par::count_if(std::span(from, count), [=](int each) { return each < bound; });
    }
    static void scale(const double* from, double* to, std::size_t count, double by) {
        par::transform(std::span(from, count), to, [=](double each) { return each * by; });
    }
};

template <class Algorithms>
bool run_one(Algorithms algorithms, std::string_view name, std::size_t bytes) {
    if (name == "sum")
        report_sum(algorithms, bytes);
    else if (name == "count")
        report_count(algorithms, bytes);
    else if (name == "scale")
        report_scale(algorithms, bytes);
    else
        return false;
    return true;
}

}  // namespace

bool run_bandwidth(std::string_view how, std::string_view name, std::size_t bytes) {
    return how == "stream" ? run_one(plain_threads(), name, bytes)
                           : run_one(twill_algorithms(), name, bytes);
}

std::vector<row> bandwidth_rows(const settings& how) {
    const peer here{"twill", "twill", {"bandwidth"}};
    const peer stream{"STREAM-like loop", "twill", {"stream"}};
    const std::string bytes = std::to_string(how.size(1L << 30));
    std::vector<row> rows;
    for (const auto& [name, title] : {std::pair{"sum", "reduce, 1 GiB of doubles"},
                                      std::pair{"count", "count_if, 1 GiB of integers"},
                                      std::pair{"scale", "transform, 1 GiB of doubles"}}) {
        const auto measured = measure(
            how, here, {stream, onetbb, openmp_gcc, openmp_clang, rayon, std_par}, {name, bytes});
        row rate{.name = title, .unit = "GB/s", .direction = better::more};
        rate.targets = {{.against = "STREAM-like loop", .bound = 0.95}};
        rows.push_back(make_row(std::move(rate), "gb_s", measured));
    }
    return rows;
}

}  // namespace twill::inline TWILL_ABI::bench
