// What is said of an option that a subcommand does not have.
#pragma once

#include <CLI/App.hpp>

#include <string>
#include <string_view>

namespace twill_command {

// "no option '--keep-ordr'; did you mean --keep-order?", by the long names that `app` has; where
// none is near, the help of `command` ("twill map") is named.
std::string unknown_option(const CLI::App& app, std::string_view word, std::string_view command);

}  // namespace twill_command
