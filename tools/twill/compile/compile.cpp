#include "twill/compile/compile.hpp"

#include "twill/common/message.hpp"
#include "twill/common/quiet_options.hpp"

#include <twill/core/error.hpp>
#include <twill/io/process.hpp>
#include <twill/runtime/runtime.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace twill_command {
namespace {

constexpr std::string_view help_text =
    "Usage: twill {0} [ARGUMENTS OF THE COMPILER...]\n"
    "\n"
    "Compiles and links with everything that `twill check` needs to see accesses to\n"
    "memory. The compiler is ${1}, or {2}. It gets -fsanitize=thread and -g; Clang\n"
    "also gets -shared-libsan, which `twill check` cannot do without, and GCC\n"
    "-fno-builtin-memcpy and the like, so that copies are seen. The program runs by\n"
    "itself too: then it is one under the compiler's own thread sanitizer. As a\n"
    "compiler for a build:\n"
    "\n"
    "  {1}=\"twill {0}\" cmake -B build\n"
    "  make {1}=\"twill {0}\"\n";

struct language {
    const char* command;   // "c++"
    const char* variable;  // "CXX"
    const char* fallback;
};

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    while (true) {
        const auto begin = text.find_first_not_of(' ');
        if (begin == std::string_view::npos) return words;
        text.remove_prefix(begin);
        const auto end = text.find(' ');
        words.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos) return words;
        text.remove_prefix(end);
    }
}

// The compiler's command. Not ours again, where a build set the variable to it.
std::vector<std::string> compiler_of(const language& what) {
    const char* const given = std::getenv(what.variable);
    auto words = words_of(given == nullptr ? "" : given);
    const auto is_twill = [](const std::string& word) {
        return word == "twill" || word.ends_with("/twill");
    };
    if (words.empty() || is_twill(words[0])) words = {what.fallback};
    return words;
}

// What a compiler says when asked; nothing if it cannot be run.
std::string answer_of(const std::vector<std::string>& compiler, const char* question) {
    twill::command what;
    what.arguments = compiler;
    what.arguments.emplace_back(question);
    what.err = twill::stdio::null();
    try {
        auto said = twill::run(quiet_options(), [&]() -> twill::task<std::string> {
            auto made = co_await twill::run_process(what);
            co_return made.out;
        });
        while (said.ends_with('\n')) said.pop_back();
        return said;
    } catch (const twill::io_error&) {
        return {};
    }
}

// Clang's thread sanitizer as a shared library, which ours can stand in for, and where the program
// finds it when it runs by itself. It lies in either place, by how Clang was built.
std::vector<std::string> for_clang(const std::vector<std::string>& compiler) {
    return {"-shared-libsan", "-Qunused-arguments",
            "-Wl,-rpath," + answer_of(compiler, "-print-runtime-dir"),
            "-Wl,-rpath," + answer_of(compiler, "-print-resource-dir") + "/lib/linux"};
}

// GCC would put copies of known sizes and the like into the code, where nothing tells of them.
std::vector<std::string> for_gcc() {
    std::vector<std::string> made;
    for (const char* function : {"memcpy", "memmove", "memset", "memcmp", "strcpy", "stpcpy",
                                 "strncpy", "strcat", "strncat", "strcmp", "strncmp", "strlen"})
        made.push_back(fmt::format("-fno-builtin-{}", function));
    return made;
}

int compile(const language& what, int argc, char** argv) {
    if (argc == 2 && std::string_view(argv[1]) == "--help")
        return print("twill", fmt::format(help_text, what.command, what.variable, what.fallback));
    auto words = compiler_of(what);
    const bool is_clang = answer_of(words, "--version").find("clang") != std::string::npos;
    const auto more = is_clang ? for_clang(words) : for_gcc();
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {"-fsanitize=thread", "-g"});
    words.insert(words.end(), argv + 1, argv + argc);

    std::vector<char*> pointers;
    for (auto& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    ::execvp(pointers[0], pointers.data());
    complain("twill {}: cannot execute {}: {}; {} names another compiler", what.command, words[0],
             std::strerror(errno), what.variable);
    return exit_usage;
}

}  // namespace

int run_cxx(int argc, char** argv) { return compile({"c++", "CXX", "c++"}, argc, argv); }
int run_cc(int argc, char** argv) { return compile({"cc", "CC", "cc"}, argc, argv); }

}  // namespace twill_command
