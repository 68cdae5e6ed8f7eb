#include "io/family.hpp"

#include "common/meter.hpp"

#include <time.h>

#include <cerrno>
#include <cstddef>
#include <fstream>
#include <string>
#include <system_error>

namespace twill::inline TWILL_ABI::bench {

family::family(pid_t head) : members_{head} {
    for (std::size_t i = 0; i < members_.size(); ++i) {
        const std::string name = std::to_string(members_[i]);
        std::ifstream children("/proc/" + name + "/task/" + name + "/children");
        for (pid_t child = 0; children >> child;) members_.push_back(child);
    }
    static_cast<void>(cpu_seconds());
}

double family::cpu_seconds() const {
    double all = 0;
    for (const pid_t each : members_) {
        clockid_t clock{};
        if (const int error = clock_getcpuclockid(each, &clock); error != 0)
            throw std::system_error(error, std::generic_category(), "read a server's CPU time");
        all += seconds_of(clock);
    }
    return all;
}

double family::private_bytes() const {
    double all = 0;
    for (const pid_t each : members_) {
        std::ifstream status("/proc/" + std::to_string(each) + "/status");
        for (std::string word; status >> word;) {
            double kib = 0;
            if (word == "RssAnon:" && status >> kib) all += kib * 1024;
        }
    }
    return all;
}

}  // namespace twill::inline TWILL_ABI::bench
