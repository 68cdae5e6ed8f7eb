#include "twill/map/machine_reading.hpp"

#include "twill/map/kernel_text.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <system_error>

namespace twill_command {
namespace {

// Where we are does not change, as a rule.
const control_group& group() {
    static const control_group ours = control_group::own();
    return ours;
}

std::optional<std::uint64_t> lesser(std::optional<std::uint64_t> a,
                                    std::optional<std::uint64_t> b) {
    if (!a || !b) return a ? a : b;
    return std::min(*a, *b);
}

}  // namespace

std::optional<std::uint64_t> parse_available_memory(std::string_view meminfo) {
    const auto kib = number_after(meminfo, "MemAvailable:");
    if (!kib) return std::nullopt;
    return *kib * 1024;
}

std::optional<double> parse_runnable_threads(std::string_view loadavg) {
    const auto slash = loadavg.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const auto number = number_at(loadavg.substr(loadavg.rfind(' ', slash) + 1));
    if (!number) return std::nullopt;
    return static_cast<double>(*number);
}

std::optional<double> parse_stall(std::string_view pressure) {
    constexpr std::string_view name = "some avg10=";
    const auto at = pressure.find(name);
    if (at == std::string_view::npos) return std::nullopt;
    pressure.remove_prefix(at + name.size());
    double percent = 0;
    const auto [rest, error] = std::from_chars(std::to_address(pressure.begin()),
                                               std::to_address(pressure.end()), percent);
    if (error != std::errc()) return std::nullopt;
    return percent;
}

std::optional<std::uint64_t> available_memory() {
    return lesser(parse_available_memory(kernel_text("/proc/meminfo")), group().memory_left());
}

std::optional<std::uint64_t> total_memory() {
    const auto kib = number_after(kernel_text("/proc/meminfo"), "MemTotal:");
    if (!kib) return std::nullopt;
    return lesser(*kib * 1024, group().memory_limit());
}

std::optional<double> runnable_threads() {
    const auto all = parse_runnable_threads(kernel_text("/proc/loadavg"));
    if (!all) return std::nullopt;
    return std::max(*all - 1, 0.0);
}

machine_reading read_machine() {
    return {.memory = available_memory(),
            .memory_stall = parse_stall(kernel_text("/proc/pressure/memory")),
            .processes = group().processes_left(),
            .periods = group().periods()};
}

}  // namespace twill_command
