// A folder that nobody else has, gone with its owner.
#pragma once

#include <twill/core/config.hpp>

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

namespace twill::inline TWILL_ABI::bench {

class scratch_folder {
public:
    // Made in `where`, which is made, too. /tmp may be memory: say so where a disk is meant.
    explicit scratch_folder(
        const std::filesystem::path& where = std::filesystem::temp_directory_path()) {
        std::filesystem::create_directories(where);
        std::string name = where / "twill-bench-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr)
            throw std::runtime_error("cannot make a folder in " + where.string());
        path_ = name;
    }
    ~scratch_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
    [[nodiscard]] std::filesystem::path operator/(const std::filesystem::path& name) const {
        return path_ / name;
    }

private:
    std::filesystem::path path_;
};

}  // namespace twill::inline TWILL_ABI::bench
