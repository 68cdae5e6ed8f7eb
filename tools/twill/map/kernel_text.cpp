#include "twill/map/kernel_text.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <memory>
#include <system_error>

namespace twill_command {

std::string kernel_text(const char* path) {
    const int file = ::open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return {};
    std::array<char, 4096> text{};
    const ssize_t length = ::read(file, text.data(), text.size());
    ::close(file);
    return {text.data(), length > 0 ? static_cast<std::size_t>(length) : 0};
}

std::optional<std::uint64_t> number_at(std::string_view text) {
    std::uint64_t number = 0;
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return std::nullopt;
    text.remove_prefix(first);
    const auto [rest, error] =
        std::from_chars(std::to_address(text.begin()), std::to_address(text.end()), number);
    if (error != std::errc()) return std::nullopt;
    return number;
}

std::optional<std::uint64_t> number_after(std::string_view text, std::string_view name) {
    const auto at = text.find(name);
    if (at == std::string_view::npos) return std::nullopt;
    return number_at(text.substr(at + name.size()));
}

}  // namespace twill_command
