// SUITE=io: servers, files and child processes beside their peers'. Their programs are in
// bench/peers and take the same arguments.

#include "common/suite.hpp"
#include "io/groups.hpp"
#include "io/programs.hpp"
#include "io/work.hpp"

#include <initializer_list>
#include <string>
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

int run_one(const words& argv) {
    const std::string& name = argv.front();
    const words arguments(argv.begin() + 1, argv.end());
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
    return bench::suite_main(argc, argv, "io", bench::io_rows, bench::run_one);
}
