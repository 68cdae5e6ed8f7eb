// What the command says of itself: whole lines on standard error, in one write each, so that lines
// of several processes do not mix.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace twill_command {

// Exit statuses that all subcommands share.
inline constexpr int exit_usage = 2;  // the command line is wrong
inline constexpr int exit_not_executable = 126;
inline constexpr int exit_not_found = 127;
inline constexpr int exit_other_error = 255;  // as GNU parallel's

// What cannot be written is lost: there is no other place to say so.
void write_to_stderr(std::string_view text) noexcept;

// Writes to standard output; gives the exit status, after a complaint if need be.
int print(std::string_view who, std::string_view text);

template <class... Args>
void complain(fmt::format_string<Args...> format, Args&&... args) {
    write_to_stderr(fmt::format(format, std::forward<Args>(args)...) + "\n");
}

}  // namespace twill_command
