#include "twill/map/json_fields.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>

namespace twill_command {
namespace {

// Walks over a text that is known to be JSON.
class walk {
public:
    explicit walk(std::string_view text) noexcept : text_(text) {}

    // The next character that says something, which is taken.
    char take() noexcept {
        skip_blanks();
        return text_[at_++];
    }
    [[nodiscard]] char next() noexcept {
        skip_blanks();
        return text_[at_];
    }
    // A whole value, with quotes or braces.
    std::string_view value() noexcept {
        skip_blanks();
        const std::size_t begin = at_;
        std::size_t depth = 0;
        do {
            const char c = text_[at_];
            if (c == '"')
                skip_string();
            else if (c == '{' || c == '[')
                ++depth, ++at_;
            else if (c == '}' || c == ']')
                --depth, ++at_;
            else if (depth > 0)
                ++at_;
            else
                at_ = text_.find_first_of(",]} \t\r\n", at_);
        } while (depth > 0);
        return text_.substr(begin, at_ - begin);
    }

private:
    void skip_blanks() noexcept { at_ = text_.find_first_not_of(" \t\r\n", at_); }
    void skip_string() noexcept {
        for (++at_; text_[at_] != '"'; ++at_)
            if (text_[at_] == '\\') ++at_;
        ++at_;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

std::string without_quotes(std::string_view string) {
    const auto inside = string.substr(1, string.size() - 2);
    if (inside.find('\\') == std::string_view::npos) return std::string(inside);
    return nlohmann::json::parse(string).get<std::string>();
}

}  // namespace

bool is_json_object(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && text[first] == '{' && nlohmann::json::accept(text);
}

std::optional<std::string> field_of(std::string_view object, std::string_view name) {
    walk through(object);
    std::optional<std::string_view> found;
    through.take();  // the brace
    while (through.next() != '}') {
        const bool is_it = without_quotes(through.value()) == name;
        through.take();  // the colon
        const std::string_view value = through.value();
        if (is_it) found = value;
        if (through.next() == ',') through.take();
    }
    if (!found) return std::nullopt;
    if (found->front() == '"') return without_quotes(*found);
    return *found == "null" ? std::string() : std::string(*found);
}

}  // namespace twill_command
