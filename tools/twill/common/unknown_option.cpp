#include "twill/common/unknown_option.hpp"

#include "twill/common/suggestion.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <vector>

namespace twill_command {

std::string unknown_option(const CLI::App& app, std::string_view word, std::string_view command) {
    std::vector<std::string> names;
    for (const auto* each : app.get_options())
        for (const auto& name : each->get_lnames()) names.push_back("--" + name);
    const auto near = nearest(word.substr(0, word.find('=')), {names.begin(), names.end()});
    return fmt::format("no option '{}'; {}", word,
                       near.empty() ? fmt::format("see {} --help", command)
                                    : fmt::format("did you mean {}?", near));
}

}  // namespace twill_command
