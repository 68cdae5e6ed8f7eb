#include "twill/map/command_template.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace twill_command {
namespace {

constexpr std::string_view place = "{}";

bool has_place(std::string_view word) { return word.find(place) != std::string_view::npos; }

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_@%+=:,./-").find(c) != std::string_view::npos;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

std::string with_escapes(std::string_view word) {
    std::string text = "$'";
    for (const char c : word) {
        if (c == '\n')
            text += "\\n";
        else if (c == '\t')
            text += "\\t";
        else if (is_control(c))
            text += fmt::format("\\{:03o}", static_cast<unsigned>(c));
        else if (c == '\'' || c == '\\')
            text.append("\\").push_back(c);
        else
            text.push_back(c);
    }
    return text + "'";
}

void substitute(std::string_view word, std::string_view input, std::string& into) {
    into.clear();
    for (auto at = word.find(place); at != std::string_view::npos; at = word.find(place)) {
        into.append(word.substr(0, at)).append(input);
        word.remove_prefix(at + place.size());
    }
    into.append(word);
}

}  // namespace

std::string quoted_for_shell(std::string_view word) {
    if (!word.empty() && std::ranges::all_of(word, is_plain)) return std::string(word);
    if (std::ranges::any_of(word, is_control)) return with_escapes(word);
    std::string text = "'";
    for (const char c : word) {
        if (c == '\'')
            text += "'\\''";
        else
            text.push_back(c);
    }
    return text + "'";
}

std::string quoted_for_shell(std::span<const std::string> words) {
    std::string line;
    for (const auto& word : words) {
        if (!line.empty()) line.push_back(' ');
        line += quoted_for_shell(word);
    }
    return line;
}

command_template::command_template(std::span<char* const> words)
    : words_(words), appends_(std::ranges::none_of(words, has_place)) {}

bool command_template::program_varies() const noexcept { return has_place(program()); }

void command_template::fill(std::string_view input, std::vector<std::string>& into) const {
    into.resize(words_.size() + (appends_ ? 1 : 0));
    for (std::size_t i = 0; i < words_.size(); ++i) substitute(words_[i], input, into[i]);
    if (appends_) into.back() = input;
}

}  // namespace twill_command
