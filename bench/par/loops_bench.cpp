// Short loops: twill's, and the rows.

#include "common/program.hpp"
#include "par/groups.hpp"
#include "par/loops.hpp"
#include "par/programs.hpp"

#include <twill/par/for_each.hpp>
#include <twill/par/reduce.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

struct twill_loops {
    template <class F>
    static void inside(F&& f) {
        par::region(f);
    }
    static void write(int* to, std::size_t count, int k) {
        par::for_each_index(count, [=](std::size_t i) { to[i] = static_cast<int>(i) * k; });
    }
    template <class T>
    static T sum(const T* from, std::size_t count) {
        return par::reduce(std::span(from, count), T{0});
    }
};

// By how much a call may exceed the plain loop.
double allowance(double plain_ns) { return std::max(0.05 * plain_ns, 15.0); }

}  // namespace

void run_loops(std::string_view kind) {
    twill_loops loops;
    report_loops(loops, kind);
}

std::vector<row> loop_rows(const settings& how) {
    struct loop {
        const char* kind;
        const char* title;
    };
    const peer here{"twill", "twill"};
    std::vector<row> rows;
    for (const auto& [kind, title] :
         {loop{"write", "write "}, loop{"sum", "sum "}, loop{"dsum", "sum doubles, "}}) {
        auto measured =
            measure(how, here, {onetbb, openmp_gcc, openmp_clang, rayon, std_par}, {"loop", kind});
        for (const char* count : {"10000", "1000", "100"}) {
            for (const auto& [from, where] :
                 {std::pair{"in_", " elements, from a worker"},
                  std::pair{"out_", " elements, from a plain thread"}}) {
                const std::string name = from + std::string(count);
                for (measurements& each : measured) {
                    for (metrics& round : each.rounds) {
                        const double plain = round.at(name + "_plain_ns");
                        round[name + "_over"] = (round.at(name + "_ns") - plain) / allowance(plain);
                    }
                }
                row over{.name = std::string(title) + count + where,
                         .unit = "times the allowance above plain"};
                over.targets = {{.bound = 1, .binding = true}};
                rows.push_back(make_row(std::move(over), name + "_over", measured));
            }
        }
    }
    return rows;
}

}  // namespace twill::inline TWILL_ABI::bench
