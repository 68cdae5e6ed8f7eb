// The lower bound: posix_spawn and wait, nothing else.
#include "map/bare.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <string>

namespace twill::inline TWILL_ABI::bench {

void run_bare(const char* program, long jobs, long at_once) {
    long running = 0;
    for (long i = 0; i < jobs; ++i) {
        if (running == at_once) {
            wait(nullptr);
            --running;
        }
        std::string input = std::to_string(i + 1);
        char* argv[] = {const_cast<char*>(program), input.data(), nullptr};
        pid_t child = 0;
        if (posix_spawn(&child, program, nullptr, nullptr, argv, environ) != 0)
            throw std::runtime_error(std::string("could not start ") + program);
        ++running;
    }
    while (wait(nullptr) > 0) {
    }
}

}  // namespace twill::inline TWILL_ABI::bench
