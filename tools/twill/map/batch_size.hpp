// `--batch`: how many inputs one process gets.
#pragma once

#include <twill/core/time.hpp>

#include <cstddef>
#include <optional>
#include <string_view>

namespace twill_command {

class batch_size {
public:
    batch_size() = default;  // one
    explicit batch_size(std::size_t fixed) noexcept : now_(fixed) {}
    // As many as keep a process busy for long enough that its start does not matter, but few enough
    // that all who could run have something to do.
    static batch_size automatic() noexcept;
    // "auto", or a number from 1 on. Nothing if it is none.
    static std::optional<batch_size> parse(std::string_view text);

    [[nodiscard]] bool is_automatic() const noexcept { return automatic_; }
    [[nodiscard]] bool is_one() const noexcept { return !automatic_ && now_ == 1; }

    // For the next process. `left`: inputs, where that is known; `at_once`: processes.
    [[nodiscard]] std::size_t next(std::optional<std::size_t> left,
                                   std::size_t at_once) const noexcept;
    // A process with so many inputs took so long.
    void note(std::size_t inputs, twill::duration took) noexcept;

private:
    std::size_t now_ = 1;
    bool automatic_ = false;
};

}  // namespace twill_command
