// `--tag`: the input before each line of what its job writes.
//
//     line_tagger tagger("a.log\t");
//     write(tagger.tagged(piece)); ...
//     write(tagger.end());
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace twill_command {

class line_tagger {
public:
    // `tag`: what stands before each line.
    explicit line_tagger(std::string tag) noexcept : tag_(std::move(tag)) {}

    // The piece with tags, until the next call. Pieces may end anywhere.
    std::span<const std::byte> tagged(std::span<const std::byte> piece) {
        made_.clear();
        for (const std::byte each : piece) {
            if (std::exchange(at_start_, each == newline)) {
                const auto tag = std::as_bytes(std::span(tag_));
                made_.insert(made_.end(), tag.begin(), tag.end());
            }
            made_.push_back(each);
        }
        return made_;
    }
    // A last line that has no end gets one: what comes next is of another job.
    std::span<const std::byte> end() {
        made_.assign(at_start_ ? 0 : 1, newline);
        at_start_ = true;
        return made_;
    }

private:
    static constexpr std::byte newline{'\n'};

    std::string tag_;
    bool at_start_ = true;
    std::vector<std::byte> made_;
};

}  // namespace twill_command
