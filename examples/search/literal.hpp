// Finds a text in a text, some gigabytes a second: 64 places at a time are compared in the two
// bytes of the needle that are the rarest, and only where both fit the rest is looked at.
//
// By the vectors of the compiler (GCC's and Clang's), so there is neither a dependency nor a
// dispatch; memory is the limit anyway. Prior art: the "packed pair" of the Rust crate memchr.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace search {

class literal {
public:
    // `ignore_case`: of the ASCII letters. The needle is not empty.
    literal(std::string_view needle, bool ignore_case);

    // Where it begins first at `from` or behind; npos.
    [[nodiscard]] std::size_t find(std::string_view text, std::size_t from) const noexcept;

    [[nodiscard]] std::size_t size() const noexcept { return needle_.size(); }

    // How common its rarest byte is in texts, the smaller the better.
    [[nodiscard]] unsigned commonness() const noexcept;

private:
    [[nodiscard]] bool is_at(const char* place) const noexcept;

    std::string needle_;  // in small letters, if case is ignored
    bool ignore_case_;
    // Where its rarest byte is, and the rarest of the others.
    std::size_t first_ = 0;
    std::size_t second_ = 0;
};

}  // namespace search
