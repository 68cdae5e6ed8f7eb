#include "twill/map/times_of_job.hpp"

#include "twill/map/kernel_text.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <memory>
#include <string>

namespace twill_command {

std::optional<scheduled_time> parse_schedstat(std::string_view text) {
    std::int64_t run = 0;
    std::int64_t queued = 0;
    const char* const begin = std::to_address(text.begin());
    const char* const end = begin + text.size();
    const auto first = std::from_chars(begin, end, run);
    if (first.ec != std::errc() || first.ptr == end || *first.ptr != ' ') return std::nullopt;
    const auto second = std::from_chars(first.ptr + 1, end, queued);
    if (second.ec != std::errc() || run < 0 || queued < 0) return std::nullopt;
    return scheduled_time{twill::duration(run), twill::duration(queued)};
}

std::optional<scheduled_time> read_schedstat(pid_t process) {
    const std::string path = "/proc/" + std::to_string(process) + "/schedstat";
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return std::nullopt;
    std::array<char, 80> text{};
    const ssize_t length = ::read(file, text.data(), text.size());
    ::close(file);
    if (length <= 0) return std::nullopt;
    return parse_schedstat({text.data(), static_cast<std::size_t>(length)});
}

namespace {

std::string stat_of(pid_t process) {
    return kernel_text(("/proc/" + std::to_string(process) + "/stat").c_str());
}

// What stands behind the name, which may hold anything: the state first.
std::string_view behind_name(std::string_view stat) {
    const auto name_ends = stat.rfind(')');
    if (name_ends == std::string_view::npos || name_ends + 2 >= stat.size()) return {};
    return stat.substr(name_ends + 2);
}

}  // namespace

bool wants_cpu_now(pid_t process) {
    const std::string all = stat_of(process);
    return behind_name(all).starts_with('R');
}

std::optional<twill::duration> parse_cpu_time(std::string_view text, long ticks_a_second) {
    // User and system time, and both of the children, are the twelfth to fifteenth there.
    constexpr int first = 11;
    constexpr int behind_last = first + 4;
    std::string_view rest = behind_name(text);
    std::int64_t ticks = 0;
    for (int field = 0; field < behind_last; ++field) {
        const std::string_view word = rest.substr(0, rest.find(' '));
        if (word.empty()) return std::nullopt;
        if (field >= first) {
            std::int64_t number = 0;
            const auto [end, error] =
                std::from_chars(std::to_address(word.begin()), std::to_address(word.end()), number);
            if (error != std::errc() || end != std::to_address(word.end())) return std::nullopt;
            ticks += number;
        }
        rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    }
    constexpr std::int64_t nanoseconds = 1'000'000'000;
    return twill::duration(ticks * (nanoseconds / ticks_a_second));
}

std::optional<twill::duration> read_cpu_time(pid_t process) {
    static const long ticks_a_second = ::sysconf(_SC_CLK_TCK);
    return parse_cpu_time(stat_of(process), ticks_a_second);
}

twill::call_sample times_of_job(twill::duration wall, const std::optional<scheduled_time>& first,
                                const twill::exit_status& status) {
    twill::call_sample times;
    times.cpu = status.user + status.system;
    times.run = first ? first->run : times.cpu;
    if (first) times.queued = first->queued;
    const twill::duration waited = wall - times.run - times.queued;
    times.blocked = std::max(waited, twill::duration::zero());
    // A thread that waits for the threads or children that do its work is not blocked: as much as
    // they ran, up to all of its waiting, it would have had to run itself.
    if (times.cpu > times.run + times.run / 4) {
        const twill::duration by_others = std::min(times.blocked, times.cpu - times.run);
        times.run += by_others;
        times.blocked -= by_others;
    }
    return times;
}

}  // namespace twill_command
