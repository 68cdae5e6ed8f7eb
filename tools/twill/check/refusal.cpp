#include "twill/check/refusal.hpp"

#include "twill/check/elf_file.hpp"

#include <twill/io/process.hpp>

#include <fmt/format.h>

#include <tuple>

namespace twill_command::check {

std::string refusal_of(const std::string& name) {
    const auto found = twill::find_program(name);
    if (!found) return {};  // executing it will say why
    const elf_file file(found.path);
    // Libraries that stand in for the same functions as ours.
    if (file.defines("__tsan_init"))
        return fmt::format(
            "{} contains Clang's thread sanitizer, which twill check has to stand in for; link it "
            "with -shared-libsan too, or with twill c++",
            name);
    for (const auto& [symbol, library, what] :
         {std::tuple{"__asan_init", "libasan.so", "address"},
          std::tuple{"__asan_init", "libclang_rt.asan", "address"},
          std::tuple{"__lsan_init", "liblsan.so", "leak"},
          std::tuple{"__msan_init", "libclang_rt.msan", "memory"}})
        if (file.defines(symbol) || file.needs(library))
            return fmt::format(
                "{} is built with the {} sanitizer, which cannot be combined with twill check; "
                "without it, twill c++ builds a program whose heap is checked, too",
                name, what);
    return {};
}

}  // namespace twill_command::check
