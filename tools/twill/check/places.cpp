#include "twill/check/places.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace twill_command::check {

bool of_the_standard_library(const frame& one) {
    return one.file.starts_with("/usr/include/") ||
           one.file.find("/include/c++/") != std::string::npos ||
           (one.file.empty() && one.module.find("/libstdc++.so") != std::string::npos);
}

const frame* own_place(const stack& where) {
    const frame* any = nullptr;
    for (const auto& each : where) {
        if (each.file.empty()) continue;
        if (any == nullptr) any = &each;
        if (!each.file.starts_with("/usr/") && each.file.find("/include/c++/") == std::string::npos)
            return &each;
    }
    return any;
}

std::string short_place(const stack& where) {
    const frame* const at = own_place(where);
    if (at == nullptr) return "";
    return fmt::format("{}:{}", std::filesystem::path(at->file).filename().string(), at->line);
}

}  // namespace twill_command::check
