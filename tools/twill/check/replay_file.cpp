#include "twill/check/replay_file.hpp"

#include "twill/check/checked_program.hpp"

#include <fmt/format.h>

#include <fstream>
#include <string_view>

namespace twill_command::check {
namespace {

constexpr std::string_view first_line = "twill-replay 1";
constexpr std::string_view schedule_word = "schedule ";

// Rather than a file's name.
bool is_schedule(std::string_view given) {
    for (const std::string_view before : {"memory@", "every ", "around "})
        if (given.starts_with(before)) {
            given.remove_prefix(before.size());
            break;
        }
    return given.find_first_not_of("0123456789abcdef:@=# ") == std::string::npos &&
           given.find(':') != std::string::npos;
}

}  // namespace

std::string save(const replay& what, const std::string& path) {
    std::ofstream file(path);
    file << first_line << "\nprogram " << what.program << "\nfinding " << what.finding << '\n'
         << schedule_word << what.schedule << '\n';
    file.flush();
    return file ? path : std::string();
}

std::string load_schedule(const std::string& given) {
    if (is_schedule(given)) return given;
    std::ifstream file(given);
    if (!file) throw start_failure{fmt::format("--replay {}: cannot be read", given)};
    std::string line;
    if (!std::getline(file, line) || line != first_line)
        throw start_failure{fmt::format("--replay {}:1: no replay file of this version", given)};
    while (std::getline(file, line))
        if (line.starts_with(schedule_word)) return line.substr(schedule_word.size());
    throw start_failure{fmt::format("--replay {}: it has no line 'schedule ...'", given)};
}

}  // namespace twill_command::check
