// SUITE=io: servers, files and child processes beside their peers'. Their programs are in
// bench/peers and take the same arguments.

#include "common/suite.hpp"
#include "io/groups.hpp"
#include "io/programs.hpp"
#include "io/work.hpp"

#include <cstdio>
#include <exception>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

std::vector<row> io_rows(const settings& how) {
    std::vector<row> rows;
    for (const auto group :
         {echo_rows, http_rows, https_rows, idle_rows, overload_rows, file_rows, children_rows})
        for (row& each : group(how)) rows.push_back(std::move(each));
    return rows;
}

int run_one(std::string_view name, const words& arguments) {
    if (name == "echo")
        run_echo(arguments);
    else if (name == "http")
        run_http(arguments);
    else if (name == "https")
        run_https(arguments);
    else if (name == "load")
        run_load(arguments);
    else if (name == "overloaded")
        run_overloaded(arguments);
    else if (name == "rate")
        run_rate(arguments);
    else if (name == "reads")
        run_reads(arguments);
    else if (name == "copy")
        run_copy(arguments);
    else if (name == "children")
        run_children(arguments);
    else
        return 2;
    return 0;
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::bench

int main(int argc, char** argv) {
    namespace bench = twill::bench;
    if (argc < 3 || std::string_view(argv[1]) != "run")
        return bench::suite_main(argc, argv, "io", bench::io_rows);
    try {
        return bench::run_one(argv[2], {argv + 3, argv + argc});
    } catch (const std::exception& e) {
        std::fprintf(stderr, "twill_bench_io run %s: %s\n", argv[2], e.what());
        return 1;
    }
}
