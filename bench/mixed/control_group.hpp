// A control group with a CPU quota, for one server; removed when it goes.
#pragma once

#include <twill/core/config.hpp>

#include <filesystem>

namespace twill::inline TWILL_ABI::bench {

class control_group {
public:
    // Version 1 or 2, wherever the CPU controller is. Throws std::runtime_error, with what would be
    // needed, when none can be made.
    explicit control_group(double cpus);
    ~control_group();
    control_group(const control_group&) = delete;
    control_group& operator=(const control_group&) = delete;

    [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }

private:
    std::filesystem::path folder_;
};

}  // namespace twill::inline TWILL_ABI::bench
