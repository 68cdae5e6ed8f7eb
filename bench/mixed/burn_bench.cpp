// Who is in the way, and who keeps the CPUs from halting.

#include "mixed/programs.hpp"
#include "mixed/serving.hpp"

#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>

namespace twill::inline TWILL_ABI::bench {

void run_hog() {
    for (;;) compute_row(100'000);
}

void run_spinner(unsigned cpu) {
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(cpu, &only);
    const sched_param none{};
    if (sched_setaffinity(0, sizeof only, &only) != 0 || sched_setscheduler(0, SCHED_IDLE, &none))
        throw std::system_error(errno, std::generic_category(), "become a spinner");
    run_hog();
}

void run_in_group(const std::string& folder, const words& argv) {
    std::ofstream members(folder + "/cgroup.procs");
    if (!(members << getpid() << std::flush))
        throw std::system_error(errno, std::generic_category(), "join " + folder);
    members.close();
    std::vector<char*> all;
    for (const std::string& word : argv) all.push_back(const_cast<char*>(word.c_str()));
    all.push_back(nullptr);
    execv(all.front(), all.data());
    throw std::system_error(errno, std::generic_category(), "execute " + argv.front());
}

}  // namespace twill::inline TWILL_ABI::bench
