#include "twill/map/file_lock.hpp"

#include <sys/file.h>

#include <chrono>
#include <thread>

namespace twill_command {

using namespace std::chrono_literals;

// A process on its way from fork to exec shares it with the one that made it, even if that was
// killed: so this looks more than once.
bool lock_file(int file) {
    for (int looks = 0; looks < 20; ++looks) {
        if (::flock(file, LOCK_EX | LOCK_NB) == 0) return true;
        std::this_thread::sleep_for(25ms);
    }
    return false;
}

}  // namespace twill_command
