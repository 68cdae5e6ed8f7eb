// What the control groups that this process is in leave to it, of versions 1 and 2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace twill_command {

class control_group {
public:
    // `membership`: the text of /proc/self/cgroup; `root`: where the groups are.
    explicit control_group(std::string_view membership, const std::string& root = "/sys/fs/cgroup");
    static control_group own();

    // Of the group and all those above it the least. None: there is no limit, or it is not told.
    [[nodiscard]] std::optional<std::uint64_t> memory_limit() const;
    // Bytes that are not in use; clean pages of files go when others want the room.
    [[nodiscard]] std::optional<std::uint64_t> memory_left() const;
    [[nodiscard]] std::optional<std::uint64_t> processes_left() const;

    // Periods of the CPU quota, and those in which it was used up, since the group was made.
    struct cpu_periods {
        std::uint64_t all = 0;
        std::uint64_t throttled = 0;
    };
    [[nodiscard]] std::optional<cpu_periods> periods() const;

private:
    // From the group to the uppermost that is seen.
    std::vector<std::string> memory_;
    std::vector<std::string> processes_;
    std::vector<std::string> cpu_;
};

}  // namespace twill_command
