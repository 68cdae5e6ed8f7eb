// The files in which the kernel says what CPU time a process may use.
#pragma once

#include <twill/runtime/usable_cpus.hpp>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <stdlib.h>

namespace twill_test {

// A machine's /proc and cgroup files, made up in a temporary directory.
class fake_machine {
public:
    fake_machine() {
        std::string name = (std::filesystem::temp_directory_path() / "twill-cpus-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
        root_ = name;
    }
    ~fake_machine() {
        std::error_code ignored;
        std::filesystem::remove_all(root_, ignored);
    }
    fake_machine(const fake_machine&) = delete;
    fake_machine& operator=(const fake_machine&) = delete;

    // Whoever reads it meanwhile sees the old text or the new one.
    fake_machine& file(const std::string& path, const std::string& text) {
        const std::filesystem::path at = root_.string() + path;
        const std::filesystem::path made = at.string() + ".new";
        std::filesystem::create_directories(at.parent_path());
        std::ofstream(made) << text;
        std::filesystem::rename(made, at);
        return *this;
    }
    fake_machine& groups(const std::string& text) { return file("/proc/self/cgroup", text); }
    fake_machine& mounts(const std::string& text) { return file("/proc/self/mountinfo", text); }
    fake_machine& v1_quota(const std::string& group, const std::string& quota,
                           const std::string& period = "100000") {
        return file(group + "/cpu.cfs_quota_us", quota + "\n")
            .file(group + "/cpu.cfs_period_us", period + "\n");
    }

    [[nodiscard]] twill::cpu_budget budget() const {
        return twill::read_cpu_budget(root_.string());
    }
    [[nodiscard]] std::vector<twill::cpu_throttling> throttling() const {
        return twill::read_cpu_throttling(root_.string());
    }
    [[nodiscard]] std::string path(const std::string& below) const {
        return root_.string() + below;
    }

private:
    std::filesystem::path root_;
};

inline const std::string v2_at_root =
    "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n";
inline const std::string v1_at_root =
    "31 23 0:27 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n";

}  // namespace twill_test
