// The programs about files and children, each in two ways: twill's, and plain calls on threads.
// Both print what they measured, and check what they did.
#pragma once

#include <twill/core/config.hpp>

#include "common/words.hpp"

namespace twill::inline TWILL_ABI::bench {

// reads WAY FILE COUNT AT_ONCE TEMPERATURE: COUNT reads of 4 KiB at random places, so many at a
// time, of a file whose every word is its own number. TEMPERATURE is "cold" (the kernel is asked to
// forget the file first) or "warm". Prints "reads_per_s" and "read_ns", its CPU time each. WAY:
// "twill", or "ifstream": std::ifstream, as many threads as reads at a time.
void run_reads(const words& arguments);
// copy WAY FROM TO: a tree. Prints "copy_s" and "copy_cpu_s". WAY: "twill", or "ifstream": threads,
// two for each CPU, that copy from a std::ifstream to a std::ofstream, where the copy is to be; or
// "replacing": the same beside it, and renamed, which is what twill's copy_file promises.
void run_copy(const words& arguments);
// children WAY COUNT: echo, its output read, its end awaited, one after the other. Prints
// "children_per_s" and "child_ns", the CPU time of starter and child each. WAY: "twill", or "bare":
// posix_spawn, a pipe, waitpid.
void run_children(const words& arguments);

}  // namespace twill::inline TWILL_ABI::bench
