// Inputs for `twill map`: a file with the numbers from 1 to `count`, one a line; gone with its
// owner.
#pragma once

#include <twill/core/config.hpp>

#include "common/scratch_folder.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace twill::inline TWILL_ABI::bench {

class numbers {
public:
    explicit numbers(long count) : count_(count), path_(folder_ / "numbers") {
        std::ofstream file(path_);
        for (long i = 1; i <= count; ++i) file << i << '\n';
        if (!file.flush()) throw std::runtime_error("could not write " + path_.string());
    }

    [[nodiscard]] long count() const noexcept { return count_; }
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

private:
    scratch_folder folder_;
    long count_;
    std::filesystem::path path_;
};

}  // namespace twill::inline TWILL_ABI::bench
