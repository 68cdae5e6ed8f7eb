#include "common/machine.hpp"

#include "common/program.hpp"

#include <sys/utsname.h>

#include <fstream>

namespace twill::inline TWILL_ABI::bench {
namespace {

std::string cpu_model() {
    std::ifstream lines("/proc/cpuinfo");
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("model name"))
            if (const auto colon = line.find(": "); colon != std::string::npos)
                return line.substr(colon + 2);
    return "unknown CPU";
}

}  // namespace

machine this_machine() {
    machine here;
    here.cpu = cpu_model();
    here.cores = static_cast<unsigned>(usable_cpus().size());
    utsname system{};
    if (uname(&system) == 0) here.kernel = std::string(system.sysname) + " " + system.release;
#if defined(__clang__)
    here.compiler = "clang " __clang_version__;
#else
    here.compiler = "g++ " __VERSION__;
#endif
    std::ifstream("/proc/loadavg") >> here.load;
    return here;
}

}  // namespace twill::inline TWILL_ABI::bench
