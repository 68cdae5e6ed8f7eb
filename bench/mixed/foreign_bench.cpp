// The kernel keeps the idle time exactly, the busy time on many systems by samples only. So what
// was neither idle, stolen nor ours was foreign; the part of the kernel's work that it books on
// nobody (interrupts) is in it, a few percent.

#include "common/program.hpp"
#include "mixed/foreign.hpp"
#include "mixed/serving.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>

namespace twill::inline TWILL_ABI::bench {
namespace {

double cpu_seconds_of(pid_t process) {
    clockid_t clock{};
    timespec t{};
    if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &t) != 0) return 0;
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

struct cpu_times {
    double idle = 0;  // or waiting for a disk
    double stolen = 0;
};

// In seconds since the start of the machine.
cpu_times read_cpu_times() {
    std::set<std::string> wanted;
    for (const unsigned cpu : usable_cpus()) wanted.insert("cpu" + std::to_string(cpu));
    const auto tick = 1 / static_cast<double>(sysconf(_SC_CLK_TCK));
    cpu_times all;
    std::ifstream stat("/proc/stat");
    for (std::string line; std::getline(stat, line);) {
        std::istringstream fields(line);
        std::string name;
        std::array<double, 8> ticks{};  // user, nice, system, idle, disk, interrupts (2), stolen
        fields >> name;
        if (!wanted.contains(name)) continue;
        for (double& each : ticks) fields >> each;
        all.idle += (ticks[3] + ticks[4]) * tick;
        all.stolen += ticks[7] * tick;
    }
    return all;
}

}  // namespace

foreign_watch::foreign_watch(std::vector<pid_t> ours) : ours_(std::move(ours)), before_(read()) {}

foreign_watch::reading foreign_watch::read() const {
    const cpu_times times = read_cpu_times();
    reading now{.wall = monotonic_seconds(),
                .idle = times.idle,
                .stolen = times.stolen,
                .own = cpu_seconds()};
    for (const pid_t each : ours_) now.own += cpu_seconds_of(each);
    return now;
}

foreign_load foreign_watch::so_far() const {
    const reading now = read();
    const double all = (now.wall - before_.wall) * static_cast<double>(usable_cpus().size());
    const double stolen = now.stolen - before_.stolen;
    const double known = now.idle - before_.idle + now.own - before_.own + stolen;
    return {.processes = std::max(0.0, 1 - known / all), .stolen = stolen / all};
}

}  // namespace twill::inline TWILL_ABI::bench
