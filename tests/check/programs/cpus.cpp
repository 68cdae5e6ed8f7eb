// Fails unless it sees as many CPUs as its argument says.
#include <unistd.h>

#include <cstdlib>
#include <thread>

int main(int argc, char** argv) {
    const long wanted = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 0;
    return sysconf(_SC_NPROCESSORS_ONLN) == wanted &&
                   std::thread::hardware_concurrency() == static_cast<unsigned>(wanted)
               ? 0
               : 1;
}
