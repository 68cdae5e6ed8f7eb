#include "twill/map/command_template.hpp"

#include "twill/map/json_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace twill_command {
namespace {

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

bool is_field_name(std::string_view text) {
    const auto begins = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    const auto goes_on = [&](char c) {
        return begins(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
    };
    return !text.empty() && begins(text.front()) && std::ranges::all_of(text, goes_on);
}

std::string_view without_folder(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// As dirname: "." where there is none.
std::string_view folder_of(std::string_view path) {
    const auto slash = path.rfind('/');
    if (slash == std::string_view::npos) return ".";
    return path.substr(0, std::max<std::size_t>(slash, 1));
}

// A name that begins with its only dot has none.
std::string_view without_extension(std::string_view path) {
    const std::string_view name = without_folder(path);
    const auto dot = name.rfind('.');
    if (dot == std::string_view::npos || dot == 0) return path;
    return path.substr(0, path.size() - name.size() + dot);
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

command_template::word command_template::parse(std::string_view text, bool has_fields) {
    constexpr std::pair<std::string_view, kind> places[] = {
        {"", kind::whole},    {".", kind::no_extension}, {"/", kind::no_folder},
        {"//", kind::folder}, {"/.", kind::name},        {"#", kind::number}};
    word made;
    const auto literal = [&](std::string_view more) {
        if (more.empty()) return;
        if (made.empty() || made.back().what != kind::text) made.push_back({kind::text, {}});
        made.back().text += more;
    };
    while (!text.empty()) {
        const auto open = text.find('{');
        literal(text.substr(0, open));
        if (open == std::string_view::npos) break;
        text.remove_prefix(open);
        const auto close = text.find('}');
        const std::string_view inside =
            close == std::string_view::npos ? text : text.substr(1, close - 1);
        const auto* known =
            std::ranges::find(places, inside, &std::pair<std::string_view, kind>::first);
        const bool is_field = has_fields && is_field_name(inside);
        // "${#}" is a shell's number of arguments.
        const bool is_of_shell = inside == "#" && !made.empty() && made.back().what == kind::text &&
                                 made.back().text.ends_with('$');
        if (close == std::string_view::npos || is_of_shell ||
            (known == std::end(places) && !is_field)) {
            // Another brace may open a place behind this one.
            literal(text.substr(0, 1));
            text.remove_prefix(1);
            continue;
        }
        if (is_field)
            made.push_back({kind::field, std::string(inside)});
        else
            made.push_back({known->second, {}});
        text.remove_prefix(close + 1);
    }
    return made;
}

bool command_template::varies(const word& which) noexcept {
    return std::ranges::any_of(which, [](const piece& each) { return each.what != kind::text; });
}

bool command_template::is_place_alone(const word& which) noexcept {
    return which.size() == 1 && which.front().what == kind::whole;
}

command_template::command_template(std::span<char* const> words, bool has_fields)
    : first_word_(words.front()), names_input_(false) {
    for (const char* each : words) words_.push_back(parse(each, has_fields));
    names_input_ = std::ranges::any_of(words_, varies);
    if (!names_input_) words_.push_back({{kind::whole, {}}});
}

bool command_template::program_varies() const noexcept { return varies(words_.front()); }

bool command_template::takes_several() const noexcept {
    return std::ranges::all_of(
        words_, [](const word& each) { return !varies(each) || is_place_alone(each); });
}

// The input that pieces of a word come from.
class command_template::source {
public:
    source(const std::string& input, std::uint64_t number) noexcept
        : input_(input), number_(number) {}

    void append(const piece& which, std::string& to) {
        switch (which.what) {
            case kind::text:
                to += which.text;
                break;
            case kind::whole:
                to += input_;
                break;
            case kind::no_extension:
                to += without_extension(input_);
                break;
            case kind::no_folder:
                to += without_folder(input_);
                break;
            case kind::folder:
                to += folder_of(input_);
                break;
            case kind::name:
                to += without_extension(without_folder(input_));
                break;
            case kind::number:
                to += std::to_string(number_);
                break;
            case kind::field:
                to += field(which.text);
                break;
        }
    }
    // Why a field could not be given.
    [[nodiscard]] const std::optional<std::string>& problem() const noexcept { return problem_; }

private:
    std::string field(const std::string& name) {
        if (!is_object_) is_object_ = is_json_object(input_);
        if (!*is_object_) {
            problem_ = "the input is no JSON object";
            return {};
        }
        auto text = field_of(input_, name);
        if (!text) {
            problem_ = fmt::format("the input has no field \"{}\"", name);
            return {};
        }
        if (text->find('\0') != std::string::npos)
            problem_ = fmt::format("the field \"{}\" holds a NUL byte", name);
        return std::move(*text);
    }

    const std::string& input_;
    std::uint64_t number_;
    std::optional<bool> is_object_;
    std::optional<std::string> problem_;
};

std::optional<std::string> command_template::fill(std::span<const std::string> inputs,
                                                  std::uint64_t number,
                                                  std::vector<std::string>& into) const {
    source from(inputs.front(), number);
    std::size_t count = 0;
    const auto next_word = [&]() -> std::string& {
        if (count == into.size()) into.emplace_back();
        into[count].clear();
        return into[count++];
    };
    for (const word& each : words_) {
        if (is_place_alone(each)) {
            for (const std::string& one : inputs) next_word() = one;
            continue;
        }
        std::string& made = next_word();
        for (const piece& part : each) from.append(part, made);
    }
    into.resize(count);
    return from.problem();
}

}  // namespace twill_command
