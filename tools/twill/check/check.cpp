#include "twill/check/check.hpp"

#include "twill/check/arguments.hpp"
#include "twill/check/exploration.hpp"
#include "twill/check/render.hpp"
#include "twill/common/message.hpp"

#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <variant>

namespace twill_command {
namespace {

bool write(const std::string& text, std::string_view option, const std::string& path) {
    std::ofstream file(path);
    file << text;
    file.flush();
    if (!file) complain("twill check: {} {}: cannot be written", option, path);
    return static_cast<bool>(file);
}

int show(const check::arguments& how, const check::result& made) {
    if (!how.junit.empty() && !write(check::junit_of(made), "--junit", how.junit))
        return exit_usage;
    if (!how.svg.empty() && !made.failures.empty() &&
        !write(check::svg_of(made.failures.front(), made), "--svg", how.svg))
        return exit_usage;
    const int written = how.json ? print("twill check", check::json_of(made))
                                 : print("twill check", check::text_of_end(made));
    if (written != 0) return written;
    if (how.github) {
        // The runner reads both outputs; JSON is not to be mixed with it.
        const auto notes = check::github_of(made);
        if (how.json)
            std::fputs(notes.c_str(), stderr);
        else if (const int failed = print("twill check", notes); failed != 0)
            return failed;
    }
    if (made.failures.empty() && made.schedules == 0) {
        complain("twill check: {}: no run came to its end", check::command_line_of(made.program));
        return exit_usage;
    }
    if (made.failures.empty()) return 0;
    if (const auto why = check::refusal_of(made); !why.empty()) {
        complain("twill check: {} cannot be checked: {}", check::command_line_of(made.program),
                 why);
        return exit_usage;
    }
    return 1;
}

}  // namespace

int run_check(int argc, char** argv) {
    const auto understood = check::parse(argc, argv);
    if (const auto* answer = std::get_if<check::reply>(&understood)) {
        if (answer->is_help) return print("twill check", answer->text);
        complain("twill check: {}", answer->text);
        return exit_usage;
    }
    const auto& how = std::get<check::arguments>(understood);
    try {
        if (how.gdb) return check::debug(how);
        return show(how, how.replay ? check::repeat(how) : check::explore(how));
    } catch (const check::start_failure& failure) {
        complain("twill check: {}", failure.why);
        return exit_usage;
    }
}

}  // namespace twill_command
