#include <twill/runtime/usable_cpus.hpp>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

namespace twill::inline TWILL_ABI {

namespace {

// The whole of a small file; nothing when it cannot be read.
std::optional<std::string> read_file(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return std::nullopt;
    std::string text;
    char buffer[4096];
    ssize_t got = 0;
    try {
        while ((got = ::read(fd, buffer, sizeof buffer)) > 0 || (got < 0 && errno == EINTR))
            if (got > 0) text.append(buffer, static_cast<std::size_t>(got));
    } catch (...) {
        ::close(fd);
        throw;
    }
    ::close(fd);
    if (got < 0) return std::nullopt;
    return text;
}

// Cuts `text` at the first `separator`: returns what is before it, leaves what is behind it.
std::string_view take_until(std::string_view& text, char separator) {
    const std::size_t at = text.find(separator);
    const std::string_view head = text.substr(0, at);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
    return head;
}

bool list_contains(std::string_view comma_separated, std::string_view word) {
    while (!comma_separated.empty())
        if (take_until(comma_separated, ',') == word) return true;
    return false;
}

std::optional<double> parse_number(std::string_view text) {
    double value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec != std::errc{} || result.ptr == text.data()) return std::nullopt;
    return value;
}

// mountinfo writes blanks, tabs, newlines and backslashes in paths as \ and three octal digits.
std::string unescape(std::string_view text) {
    const auto octal = [](char c) { return c >= '0' && c <= '7'; };
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 3 < text.size() && octal(text[i + 1]) && octal(text[i + 2]) &&
            octal(text[i + 3])) {
            plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                       (text[i + 3] - '0'));
            i += 3;
        } else {
            plain += text[i];
        }
    }
    return plain;
}

enum class hierarchy { v1, v2 };

// A mounted cgroup hierarchy that can hold the CPU controller. `root` is the group that is seen at
// `point`; the kernel names it relative to the cgroup namespace of this process ("/../.." when the
// mount was made further up).
struct cgroup_mount {
    hierarchy kind;
    std::string root;
    std::string point;
};

// A line is: id parent major:minor root point options [optional fields] - type source super-options
std::optional<cgroup_mount> parse_mount(std::string_view line) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) return std::nullopt;
    std::string_view tail = line.substr(dash + 3);
    const std::string_view type = take_until(tail, ' ');
    take_until(tail, ' ');
    const bool v2 = type == "cgroup2";
    if (!v2 && !(type == "cgroup" && list_contains(tail, "cpu"))) return std::nullopt;
    for (int skipped = 0; skipped < 3; ++skipped) take_until(line, ' ');
    const std::string_view root = take_until(line, ' ');
    const std::string_view point = take_until(line, ' ');
    return cgroup_mount{v2 ? hierarchy::v2 : hierarchy::v1, unescape(root), unescape(point)};
}

std::vector<cgroup_mount> read_mounts(const std::string& tree) {
    std::vector<cgroup_mount> mounts;
    const auto text = read_file(tree + "/proc/self/mountinfo");
    if (!text) return mounts;
    for (std::string_view rest = *text; !rest.empty();)
        if (auto mount = parse_mount(take_until(rest, '\n'))) mounts.push_back(std::move(*mount));
    return mounts;
}

// The groups of this process that can hold the CPU controller, one for each hierarchy.
struct own_groups {
    std::optional<std::string> v1;
    std::optional<std::string> v2;
};

// A line is: hierarchy-id:controllers:path; v2 has the id 0 and no controllers.
own_groups read_groups(const std::string& tree) {
    own_groups groups;
    const auto text = read_file(tree + "/proc/self/cgroup");
    if (!text) return groups;
    for (std::string_view rest = *text; !rest.empty();) {
        std::string_view path = take_until(rest, '\n');
        const std::string_view id = take_until(path, ':');
        const std::string_view controllers = take_until(path, ':');
        if (id == "0" && controllers.empty())
            groups.v2 = std::string(path);
        else if (list_contains(controllers, "cpu"))
            groups.v1 = std::string(path);
    }
    return groups;
}

std::vector<std::string_view> components(std::string_view path) {
    std::vector<std::string_view> parts;
    while (!path.empty())
        if (const auto part = take_until(path, '/'); !part.empty()) parts.push_back(part);
    return parts;
}

// Where below the mount the group is, as the components to walk down; nothing when the mount does
// not show the group or any group above it.
std::optional<std::vector<std::string_view>> below_mount(std::string_view root,
                                                         std::string_view group) {
    const auto above = components(root);
    auto path = components(group);
    if (above.size() <= path.size() && std::equal(above.begin(), above.end(), path.begin())) {
        path.erase(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(above.size()));
        // Left over ".." would lead out of the mount, to groups that it does not show.
        if (std::find(path.begin(), path.end(), "..") != path.end()) return std::nullopt;
        return path;
    }
    // A root of only ".." is further up than the group: the names between the two are hidden by the
    // namespace, but the root itself binds the group.
    if (std::all_of(above.begin(), above.end(), [](auto part) { return part == ".."; }))
        return std::vector<std::string_view>{};
    return std::nullopt;
}

struct cpu_quota {
    double cpus = std::numeric_limits<double>::infinity();
    std::string source;
};

// "max 100000" or "150000 100000": microseconds of CPU in each period of microseconds.
cpu_quota read_v2_quota(const std::string& directory) {
    cpu_quota found;
    std::string source = directory + "/cpu.max";
    const auto text = read_file(source);
    if (!text) return found;
    std::string_view period = *text;
    const auto allowed = parse_number(take_until(period, ' '));
    const auto length = parse_number(period);
    if (allowed && length && *allowed > 0 && *length > 0)
        found = {*allowed / *length, std::move(source)};
    return found;
}

// The same in two files; -1 stands for no quota.
cpu_quota read_v1_quota(const std::string& directory) {
    cpu_quota found;
    std::string source = directory + "/cpu.cfs_quota_us";
    const auto quota = read_file(source);
    const auto period = read_file(directory + "/cpu.cfs_period_us");
    if (!quota || !period) return found;
    const auto allowed = parse_number(*quota);
    const auto length = parse_number(*period);
    if (allowed && length && *allowed > 0 && *length > 0)
        found = {*allowed / *length, std::move(source)};
    return found;
}

// Calls `visit(kind, directory)` for the own group and those above it, from the mounts down. Both
// hierarchies are asked, since in a hybrid set-up either can hold the controller, and the one that
// does not has none of the files.
template <class Visitor>
void for_each_own_group(const std::string& tree, const Visitor& visit) {
    const auto groups = read_groups(tree);
    if (!groups.v1 && !groups.v2) return;
    for (const auto& mount : read_mounts(tree)) {
        const auto& group = mount.kind == hierarchy::v2 ? groups.v2 : groups.v1;
        if (!group) continue;
        const auto path = below_mount(mount.root, *group);
        if (!path) continue;
        std::string directory = tree + mount.point;
        for (std::size_t depth = 0;; ++depth) {
            visit(mount.kind, directory);
            if (depth == path->size()) break;
            directory.append("/").append((*path)[depth]);
        }
    }
}

cpu_quota tightest_quota(const std::string& tree) {
    cpu_quota tightest;
    for_each_own_group(tree, [&](hierarchy kind, const std::string& directory) {
        auto here = kind == hierarchy::v2 ? read_v2_quota(directory) : read_v1_quota(directory);
        if (here.cpus < tightest.cpus) tightest = std::move(here);
    });
    return tightest;
}

// Lines "name value"; what is stopped is told in microseconds by version 2, by version 1 in
// nanoseconds. A group without the controller does not say anything about periods.
std::optional<cpu_throttling> read_throttling(const std::string& directory) {
    cpu_throttling seen{.source = directory + "/cpu.stat"};
    const auto text = read_file(seen.source);
    if (!text) return std::nullopt;
    bool told = false;
    for (std::string_view rest = *text; !rest.empty();) {
        std::string_view line = take_until(rest, '\n');
        const std::string_view name = take_until(line, ' ');
        std::uint64_t value = 0;
        if (std::from_chars(line.data(), line.data() + line.size(), value).ec != std::errc{})
            continue;
        if (name == "nr_periods") {
            seen.periods = value;
            told = true;
        } else if (name == "nr_throttled") {
            seen.throttled = value;
        } else if (name == "throttled_usec") {
            seen.stopped = std::chrono::microseconds(value);
        } else if (name == "throttled_time") {
            seen.stopped = std::chrono::nanoseconds(value);
        }
    }
    if (!told) return std::nullopt;
    return seen;
}

unsigned affinity_count() {
    if (const unsigned cpus = detail::affinity_of_thread(0)) return cpus;
    const long online = ::sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? static_cast<unsigned>(online) : 1;
}

}  // namespace

namespace detail {

unsigned combine_cpu_limits(unsigned affinity, double quota) noexcept {
    const double whole = std::ceil(quota);
    if (whole >= affinity) return std::max(1U, affinity);
    return whole > 1 ? static_cast<unsigned>(whole) : 1;
}

// The kernel refuses (EINVAL) a mask shorter than its own, whose length it tells nobody.
unsigned affinity_of_thread(int thread) noexcept {
    for (std::size_t cpus = CPU_SETSIZE; cpus <= (std::size_t{1} << 22U); cpus *= 2) {
        cpu_set_t* const set = CPU_ALLOC(cpus);
        if (set == nullptr) return 0;
        const std::size_t bytes = CPU_ALLOC_SIZE(cpus);
        const bool known = ::sched_getaffinity(thread, bytes, set) == 0;
        const bool short_mask = !known && errno == EINVAL;
        const int count = known ? CPU_COUNT_S(bytes, set) : 0;
        CPU_FREE(set);
        if (known) return std::max(1U, static_cast<unsigned>(count));
        if (!short_mask) break;
    }
    return 0;
}

}  // namespace detail

cpu_budget read_cpu_budget(std::string_view root) {
    cpu_budget budget;
    budget.affinity = affinity_count();
    auto quota = tightest_quota(std::string(root));
    budget.quota = quota.cpus;
    budget.quota_source = std::move(quota.source);
    budget.usable = detail::combine_cpu_limits(budget.affinity, budget.quota);
    return budget;
}

std::vector<cpu_throttling> read_cpu_throttling(std::string_view root) {
    std::vector<cpu_throttling> all;
    for_each_own_group(std::string(root), [&](hierarchy, const std::string& directory) {
        if (auto seen = read_throttling(directory)) all.push_back(std::move(*seen));
    });
    return all;
}

unsigned usable_cpus() { return read_cpu_budget().usable; }

}  // namespace twill::inline TWILL_ABI
