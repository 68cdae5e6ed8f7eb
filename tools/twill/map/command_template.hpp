// The command that is run for each input, with the places where the input goes.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace twill_command {

// Any bytes as one word of a POSIX shell. Words without special characters stay as they are;
// control characters are written as $'\x1b', so that a terminal does not obey them.
std::string quoted_for_shell(std::string_view word);
std::string quoted_for_shell(std::span<const std::string> words);

class command_template {
public:
    // `words`: the command line; must outlive this. Every `{}` in it stands for the input; when
    // there is none, the input is one more word at the end.
    explicit command_template(std::span<char* const> words);

    // Writes the words for `input` over `into`, reusing its strings.
    void fill(std::string_view input, std::vector<std::string>& into) const;

    [[nodiscard]] std::string_view program() const noexcept { return words_.front(); }
    // Whether the program's name itself depends on the input.
    [[nodiscard]] bool program_varies() const noexcept;

private:
    std::span<char* const> words_;
    bool appends_;
};

}  // namespace twill_command
