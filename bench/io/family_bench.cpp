#include "io/family.hpp"

#include "common/meter.hpp"

#include <time.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace twill::inline TWILL_ABI::bench {
namespace {

std::filesystem::path folder_of(pid_t process) {
    return std::filesystem::path("/proc") / std::to_string(process);
}

}  // namespace

family::family(pid_t head) : members_{head} {
    for (std::size_t i = 0; i < members_.size(); ++i) {
        const std::filesystem::path threads = folder_of(members_[i]) / "task";
        std::ifstream children(threads / std::to_string(members_[i]) / "children");
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
        std::ifstream status(folder_of(each) / "status");
        for (std::string word; status >> word;) {
            double kib = 0;
            if (word == "RssAnon:" && status >> kib) all += kib * 1024;
        }
    }
    return all;
}

}  // namespace twill::inline TWILL_ABI::bench
