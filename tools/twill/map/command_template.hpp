// The command that is run for each input, with the places where the input goes.
#pragma once

#include <cstdint>
#include <optional>
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
    // `words`: the command line; must outlive this. In them stand for the input
    //     {}    all of it            {.}   without its extension
    //     {/}   without its folder   {//}  only its folder         {/.}  without either
    //     {#}   its number, from 1 on (but "${#}" is left to a shell)
    // and with `has_fields` {name}, of an input that is a JSON object. When there is none of them,
    // the input is one more word at the end.
    command_template(std::span<char* const> words, bool has_fields);

    // Writes the words for `inputs`, the first of which has this number, over `into`, reusing its
    // strings. Several inputs become several words where there is one. Gives why it cannot be done
    // (an input without such a field), or nothing.
    std::optional<std::string> fill(std::span<const std::string> inputs, std::uint64_t number,
                                    std::vector<std::string>& into) const;

    [[nodiscard]] std::string_view program() const noexcept { return first_word_; }
    // Whether the program's name itself depends on the input.
    [[nodiscard]] bool program_varies() const noexcept;
    // Whether it says where the input goes.
    [[nodiscard]] bool names_input() const noexcept { return names_input_; }
    // Whether it can take several inputs at once: they are words of their own.
    [[nodiscard]] bool takes_several() const noexcept;

private:
    enum class kind : std::uint8_t {
        text,
        whole,
        no_extension,
        no_folder,
        folder,
        name,
        number,
        field
    };
    struct piece {
        kind what;
        std::string text;  // of the word itself; of a field, its name
    };
    using word = std::vector<piece>;
    class source;

    static word parse(std::string_view text, bool has_fields);
    static bool varies(const word& which) noexcept;
    static bool is_place_alone(const word& which) noexcept;

    std::string_view first_word_;
    bool names_input_;
    std::vector<word> words_;
};

}  // namespace twill_command
