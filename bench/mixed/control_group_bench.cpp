#include "mixed/control_group.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

namespace twill::inline TWILL_ABI::bench {
namespace {

namespace fs = std::filesystem;

constexpr long period_us = 100'000;

bool write(const fs::path& file, const std::string& text) {
    std::ofstream out(file);
    return static_cast<bool>(out << text << std::flush);
}

// Where version 2 has the controller for children, or version 1 is mounted.
fs::path parent_folder() {
    fs::path root = "/sys/fs/cgroup";
    std::string controllers;
    std::getline(std::ifstream(root / "cgroup.controllers"), controllers);
    if ((" " + controllers + " ").find(" cpu ") != std::string::npos) {
        write(root / "cgroup.subtree_control", "+cpu");
        return root;
    }
    for (const char* mounted : {"cpu", "cpu,cpuacct"})
        if (fs::exists(root / mounted / "cpu.cfs_quota_us")) return root / mounted;
    throw std::runtime_error("there is no CPU controller below " + root.string());
}

}  // namespace

control_group::control_group(double cpus)
    : folder_(parent_folder() / ("twill-bench-" + std::to_string(getpid()))) {
    std::error_code error;
    fs::create_directory(folder_, error);
    const auto quota = std::to_string(static_cast<long>(cpus * static_cast<double>(period_us)));
    const auto period = std::to_string(period_us);
    const bool made = !error && (fs::exists(folder_ / "cpu.max")
                                     ? write(folder_ / "cpu.max", quota + " " + period)
                                     : write(folder_ / "cpu.cfs_period_us", period) &&
                                           write(folder_ / "cpu.cfs_quota_us", quota));
    if (made) return;
    const std::string why = error ? error.message() : std::strerror(errno);
    fs::remove(folder_, error);
    throw std::runtime_error("a control group with a CPU quota cannot be made in " +
                             folder_.parent_path().string() + ": " + why);
}

// The kernel takes a moment to see that its last process is gone.
control_group::~control_group() {
    for (int i = 0; i < 100 && rmdir(folder_.c_str()) != 0 && errno == EBUSY; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

}  // namespace twill::inline TWILL_ABI::bench
