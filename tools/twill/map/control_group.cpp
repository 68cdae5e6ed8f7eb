#include "twill/map/control_group.hpp"

#include "twill/map/kernel_text.hpp"

#include <algorithm>

namespace twill_command {
namespace {

// Version 1 writes "no limit" as a number of this size.
constexpr std::uint64_t no_limit = std::uint64_t{1} << 62U;

std::optional<std::uint64_t> number_in(const std::string& folder, const char* file) {
    return number_at(kernel_text((folder + file).c_str()));
}
// Of two names, that of the version which is there.
std::optional<std::uint64_t> number_in(const std::string& folder, const char* second,
                                       const char* first) {
    auto number = number_in(folder, second);
    if (!number) number = number_in(folder, first);
    if (number && *number >= no_limit) return std::nullopt;
    return number;
}

std::optional<std::uint64_t> lesser(std::optional<std::uint64_t> a,
                                    std::optional<std::uint64_t> b) {
    if (!a || !b) return a ? a : b;
    return std::min(*a, *b);
}

// `path` and all above it, below `root`. A container may see its group as the uppermost, though its
// path says otherwise: what is not there is found empty.
std::vector<std::string> with_those_above(const std::string& root, std::string path) {
    std::vector<std::string> all;
    while (path.size() > 1) {
        all.push_back(root + path);
        path.resize(path.rfind('/'));
    }
    all.push_back(root);
    return all;
}

bool lists(std::string_view controllers, std::string_view one) {
    while (!controllers.empty()) {
        const auto end = controllers.find(',');
        if (controllers.substr(0, end) == one) return true;
        if (end == std::string_view::npos) break;
        controllers.remove_prefix(end + 1);
    }
    return false;
}

}  // namespace

control_group::control_group(std::string_view membership, const std::string& root) {
    // "4:memory:/path" of version 1, "0::/path" of version 2.
    while (!membership.empty()) {
        const auto end = membership.find('\n');
        const std::string_view line = membership.substr(0, end);
        membership.remove_prefix(end == std::string_view::npos ? membership.size() : end + 1);
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (first == std::string_view::npos || second == std::string_view::npos) continue;
        const std::string_view controllers = line.substr(first + 1, second - first - 1);
        const std::string path(line.substr(second + 1));
        if (controllers.empty()) {
            for (auto* each : {&memory_, &processes_, &cpu_})
                if (each->empty()) *each = with_those_above(root, path);
            continue;
        }
        if (lists(controllers, "memory")) memory_ = with_those_above(root + "/memory", path);
        if (lists(controllers, "pids")) processes_ = with_those_above(root + "/pids", path);
        if (lists(controllers, "cpu")) cpu_ = with_those_above(root + "/cpu", path);
    }
}

control_group control_group::own() { return control_group(kernel_text("/proc/self/cgroup")); }

std::optional<std::uint64_t> control_group::memory_limit() const {
    std::optional<std::uint64_t> least;
    for (const auto& folder : memory_)
        least = lesser(least, number_in(folder, "/memory.max", "/memory.limit_in_bytes"));
    return least;
}

std::optional<std::uint64_t> control_group::memory_left() const {
    std::optional<std::uint64_t> least;
    for (const auto& folder : memory_) {
        const auto most = number_in(folder, "/memory.max", "/memory.limit_in_bytes");
        const auto used = number_in(folder, "/memory.current", "/memory.usage_in_bytes");
        if (!most || !used) continue;
        const std::string about = kernel_text((folder + "/memory.stat").c_str());
        const auto pages = number_after(about, "inactive_file ");
        const std::uint64_t held = *used - std::min(*used, pages.value_or(0));
        least = lesser(least, *most - std::min(*most, held));
    }
    return least;
}

std::optional<std::uint64_t> control_group::processes_left() const {
    std::optional<std::uint64_t> least;
    for (const auto& folder : processes_) {
        const auto most = number_in(folder, "/pids.max");
        const auto used = number_in(folder, "/pids.current");
        if (most && used) least = lesser(least, *most - std::min(*most, *used));
    }
    return least;
}

std::optional<control_group::cpu_periods> control_group::periods() const {
    std::optional<cpu_periods> most;
    for (const auto& folder : cpu_) {
        const std::string text = kernel_text((folder + "/cpu.stat").c_str());
        const auto all = number_after(text, "nr_periods ");
        const auto throttled = number_after(text, "nr_throttled ");
        if (all && throttled && (!most || *throttled > most->throttled))
            most = cpu_periods{*all, *throttled};
    }
    return most;
}

}  // namespace twill_command
