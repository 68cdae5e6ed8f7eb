#include "common/suite.hpp"

#include "common/machine.hpp"
#include "common/report.hpp"

#include <algorithm>
#include <charconv>
#include <exception>
#include <iostream>
#include <iterator>
#include <stdexcept>

namespace twill::inline TWILL_ABI::bench {
namespace {

constexpr int fewest_rounds = 5;

class wrong_usage : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

settings parse(int argc, char** argv) {
    settings how;
    how.self = std::filesystem::read_symlink("/proc/self/exe");
    for (int i = 1; i < argc; ++i) {
        const std::string_view option = argv[i];
        const auto value = [&]() -> std::string_view {
            if (++i == argc) throw wrong_usage(std::string(option) + " needs a value");
            return argv[i];
        };
        if (option == "--quick") {
            how.quick = true;
        } else if (option == "--only") {
            how.only = value();
        } else if (option == "--out") {
            how.out = value();
        } else if (option == "--peers") {
            how.peers = value();
        } else if (option == "--rounds") {
            const std::string_view text = value();
            const auto [end, error] =
                std::from_chars(text.data(), text.data() + text.size(), how.rounds);
            if (error != std::errc() || end != text.data() + text.size() || how.rounds < 1)
                throw wrong_usage("--rounds wants a number from 1, not '" + std::string(text) +
                                  "'");
        } else {
            throw wrong_usage("unknown option '" + std::string(option) +
                              "'; there are --rounds N, --quick, --only TEXT, --out FOLDER, "
                              "--peers FOLDER");
        }
    }
    return how;
}

int run_one(const words& argv, std::string_view suite, const run_program_of_suite& run) {
    std::string title = "twill_bench_" + std::string(suite) + " run";
    if (argv.empty()) {
        std::cerr << title << ": the name of a program is missing\n";
        return 2;
    }
    title += ' ' + argv.front();
    try {
        const int status = run(argv);
        if (status == 2) std::cerr << title << ": there is no such program\n";
        return status;
    } catch (const std::out_of_range&) {
        std::cerr << title << ": an argument is missing or out of range\n";
        return 2;
    } catch (const std::exception& e) {
        std::cerr << title << ": " << e.what() << '\n';
        return 1;
    }
}

}  // namespace

std::vector<row> wanted_rows(const settings& how, std::initializer_list<row_group> groups) {
    std::vector<row> all;
    for (const row_group& each : groups) {
        if (!how.wants(each.name)) continue;
        std::vector<row> some = each.measure(how);
        all.insert(all.end(), std::move_iterator(some.begin()), std::move_iterator(some.end()));
    }
    return all;
}

int suite_main(int argc, char** argv, std::string_view name, const measure_rows& rows,
               const run_program_of_suite& run) {
    if (run && argc > 1 && std::string_view(argv[1]) == "run")
        return run_one({argv + 2, argv + argc}, name, run);
    try {
        const settings how = parse(argc, argv);
        const machine where = this_machine();
        const std::vector<row> all = rows(how);
        print_table(std::cout, name, where, all);
        if (how.quick || how.rounds < fewest_rounds)
            std::cout << "A trial run (--quick, or fewer than " << fewest_rounds
                      << " rounds): the figures say nothing.\n";
        std::filesystem::create_directories(how.out);
        write_json(how.out / (std::string(name) + ".json"), name, where, all);
        return std::any_of(all.begin(), all.end(), binding_missed) ? 1 : 0;
    } catch (const wrong_usage& e) {
        std::cerr << "twill_bench_" << name << ": " << e.what() << '\n';
        return 2;
    } catch (const std::exception& e) {
        std::cerr << "twill_bench_" << name << ": " << e.what() << '\n';
        return 3;
    }
}

}  // namespace twill::inline TWILL_ABI::bench
