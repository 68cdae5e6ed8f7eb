// The `twill` command: finds the subcommand and hands the command line over.
#include "twill/check/check.hpp"
#include "twill/common/message.hpp"
#include "twill/common/standard_streams.hpp"
#include "twill/common/suggestion.hpp"
#include "twill/compile/compile.hpp"
#include "twill/demo/demo.hpp"
#include "twill/map/map.hpp"
#include "twill/subcommand.hpp"

#include <twill/core/config.hpp>

#include <fmt/format.h>

#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace twill_command {
namespace {

constexpr subcommand subcommands[] = {
    {"c++", "compile a C++ program so that check sees its accesses to memory", &run_cxx},
    {"cc", "the same for C", &run_cc},
    {"check", "find the schedule that makes a threaded program fail", &run_check},
    {"demo", "show what concurrency, parallelism, both and neither give", &run_demo},
    {"map", "run a command for each input, several at a time", &run_map},
};

std::string help() {
    std::string text =
        "twill: concurrency and parallelism in one C++ runtime\n"
        "\n"
        "Usage: twill COMMAND [ARGUMENTS]\n"
        "\n"
        "Commands:\n";
    for (const auto& each : subcommands)
        text += fmt::format("  {:<10} {}\n", each.name, each.summary);
    text +=
        "\n"
        "Options:\n"
        "  -h, --help     print this\n"
        "      --version  print the version\n"
        "\n"
        "twill COMMAND --help (or twill help COMMAND) says more about each.\n";
    return text;
}

const subcommand* find(std::string_view name) {
    for (const auto& each : subcommands)
        if (name == each.name) return &each;
    return nullptr;
}

int refuse(std::string_view word) {
    std::vector<std::string_view> known = {"--help", "--version"};
    for (const auto& each : subcommands) known.emplace_back(each.name);
    const auto near = nearest(word, known);
    complain(
        "twill: no {} '{}'; {}", word.starts_with('-') ? "option" : "command", word,
        near.empty() ? std::string("see twill --help") : fmt::format("did you mean {}?", near));
    return exit_usage;
}

int help_of(const subcommand& chosen, char* name) {
    char option[] = "--help";
    char* words[] = {name, option, nullptr};
    return chosen.run(2, words);
}

int run(int argc, char** argv) {
    if (argc < 2) {
        write_to_stderr(help());
        return exit_usage;
    }
    const std::string_view word = argv[1];
    if (word == "--help" || word == "-h" || word == "help") {
        if (argc == 2) return print("twill", help());
        const auto* chosen = find(argv[2]);
        return chosen == nullptr ? refuse(argv[2]) : help_of(*chosen, argv[2]);
    }
    if (word == "--version") return print("twill", "twill " TWILL_VERSION "\n");
    if (const auto* chosen = find(word)) return chosen->run(argc - 1, argv + 1);
    return refuse(word);
}

}  // namespace
}  // namespace twill_command

int main(int argc, char** argv) {
    using namespace twill_command;
    try {
        open_missing_standard_streams();
        return run(argc, argv);
    } catch (const std::exception& failure) {
        complain("twill: {}", failure.what());
        return exit_other_error;
    }
}
