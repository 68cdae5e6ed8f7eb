// The kernel keeps the idle time exactly, the busy time on many systems by samples only. So what
// was neither idle nor ours was foreign; the part of the kernel's work that it books on nobody
// (interrupts) is in it, a few percent.

#include "common/program.hpp"
#include "mixed/foreign.hpp"
#include "mixed/serving.hpp"

#include <unistd.h>

#include <algorithm>
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

// Idle, or waiting for a disk, since the start of the machine.
double idle_seconds() {
    std::set<std::string> wanted;
    for (const unsigned cpu : usable_cpus()) wanted.insert("cpu" + std::to_string(cpu));
    std::ifstream stat("/proc/stat");
    double ticks = 0;
    for (std::string line; std::getline(stat, line);) {
        std::istringstream fields(line);
        std::string name;
        double user = 0;
        double nice = 0;
        double system = 0;
        double idle = 0;
        double disk = 0;
        if (fields >> name >> user >> nice >> system >> idle >> disk && wanted.contains(name))
            ticks += idle + disk;
    }
    return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

foreign_watch::foreign_watch(std::vector<pid_t> ours) : ours_(std::move(ours)), before_(read()) {}

foreign_watch::reading foreign_watch::read() const {
    reading now{.wall = monotonic_seconds(), .idle = idle_seconds(), .own = cpu_seconds()};
    for (const pid_t each : ours_) now.own += cpu_seconds_of(each);
    return now;
}

double foreign_watch::share() const {
    const reading now = read();
    const double all = (now.wall - before_.wall) * static_cast<double>(usable_cpus().size());
    const double foreign = all - (now.idle - before_.idle) - (now.own - before_.own);
    return std::max(0.0, foreign / all);
}

}  // namespace twill::inline TWILL_ABI::bench
