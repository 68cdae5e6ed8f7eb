// Which signals a process ignores. A test may be started by a program that ignores some already
// (SIGHUP under nohup, libc's own under some init programs), and what is started inherits them.
#pragma once

#include <csignal>
#include <cstdint>
#include <fstream>
#include <ios>
#include <istream>
#include <string>

namespace twill_test {

constexpr std::uint64_t signal_bit(int number) { return std::uint64_t{1} << (number - 1); }

// Read from a text in the form of /proc/PID/status: signal_bit() of all that are ignored. Without
// libc's own, 32 and 33: those it handles from the first thread on, so they differ by what a
// process does.
inline std::uint64_t ignored_signals(std::istream& status) {
    std::string word;
    std::uint64_t signals = 0;
    while (status >> word)
        if (word == "SigIgn:") status >> std::hex >> signals;
    return signals & ~(signal_bit(32) | signal_bit(33));
}

// Those of this process.
inline std::uint64_t ignored_signals() {
    std::ifstream status("/proc/self/status");
    return ignored_signals(status);
}

}  // namespace twill_test
