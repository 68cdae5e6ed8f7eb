#include "twill/map/machine_gate.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <memory>
#include <string>
#include <system_error>

namespace twill_command {
namespace {

using namespace std::chrono_literals;

constexpr twill::duration between_looks = 10ms;

// A small file of /proc or /sys; empty when it is not there.
std::string text_of(const char* path) {
    const int file = ::open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return {};
    std::array<char, 4096> text{};
    const ssize_t length = ::read(file, text.data(), text.size());
    ::close(file);
    return {text.data(), length > 0 ? static_cast<std::size_t>(length) : 0};
}

std::optional<std::uint64_t> number_at(std::string_view text) {
    std::uint64_t number = 0;
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return std::nullopt;
    text.remove_prefix(first);
    const auto [rest, error] =
        std::from_chars(std::to_address(text.begin()), std::to_address(text.end()), number);
    if (error != std::errc()) return std::nullopt;
    return number;
}

// What follows `name` in `text`.
std::optional<std::uint64_t> number_after(std::string_view text, std::string_view name) {
    const auto at = text.find(name);
    if (at == std::string_view::npos) return std::nullopt;
    return number_at(text.substr(at + name.size()));
}

std::optional<std::uint64_t> total_memory() {
    const auto kib = number_after(text_of("/proc/meminfo"), "MemTotal:");
    if (!kib) return std::nullopt;
    const auto group = number_at(text_of("/sys/fs/cgroup/memory.max"));
    return std::min(*kib * 1024, group.value_or(*kib * 1024));
}

// Of a container, which sees its control group as the root of all.
std::optional<std::uint64_t> left_in_group() {
    const auto most = number_at(text_of("/sys/fs/cgroup/memory.max"));
    const auto used = number_at(text_of("/sys/fs/cgroup/memory.current"));
    if (!most || !used) return std::nullopt;
    // Clean pages of files go when others want the room.
    const auto pages = number_after(text_of("/sys/fs/cgroup/memory.stat"), "\ninactive_file ");
    const std::uint64_t held = *used - std::min(*used, pages.value_or(0));
    return *most - std::min(*most, held);
}

}  // namespace

std::optional<std::uint64_t> parse_available_memory(std::string_view meminfo) {
    const auto kib = number_after(meminfo, "MemAvailable:");
    if (!kib) return std::nullopt;
    return *kib * 1024;
}

std::optional<std::uint64_t> available_memory() {
    const auto machine = parse_available_memory(text_of("/proc/meminfo"));
    const auto group = left_in_group();
    if (!machine || !group) return machine ? machine : group;
    return std::min(*machine, *group);
}

std::optional<double> parse_runnable_threads(std::string_view loadavg) {
    const auto slash = loadavg.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const auto number = number_at(loadavg.substr(loadavg.rfind(' ', slash) + 1));
    if (!number) return std::nullopt;
    return static_cast<double>(*number);
}

std::optional<double> runnable_threads() {
    const auto all = parse_runnable_threads(text_of("/proc/loadavg"));
    if (!all) return std::nullopt;
    return std::max(*all - 1, 0.0);
}

gate_limits usual_limits() {
    gate_limits limits;
    constexpr std::uint64_t most = std::uint64_t{1} << 30U;
    if (const auto total = total_memory()) limits.memory = std::min(*total / 20, most);
    return limits;
}

bool machine_gate::is_open(twill::time_point now) {
    if (limits_.load && runnable_threads().value_or(0) >= *limits_.load) return false;
    if (!limits_.memory) return true;
    if (now - looked_ < between_looks) return has_memory_;
    looked_ = now;
    has_memory_ = available_memory().value_or(*limits_.memory) >= *limits_.memory;
    return has_memory_;
}

bool machine_gate::is_desperate() const {
    if (!limits_.memory) return false;
    const auto available = available_memory();
    return available && *available < *limits_.memory / 2;
}

}  // namespace twill_command
