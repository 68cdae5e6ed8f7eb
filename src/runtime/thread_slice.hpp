// How soon a thread that wakes up gets a CPU that others compute on.
//
// Since Linux 6.12 a thread may ask for time slices of its own length. A short one costs nothing
// but more switches while it computes, and who has one and wakes up goes before those with longer
// ones, if it has not used up its share. It takes no privilege, and can be taken back. Threads
// inherit it from the one that starts them, so twill's own that compute or block set theirs back.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/time.hpp>

#include <sys/types.h>

#include <cstdint>

namespace twill::inline TWILL_ABI::detail {

// While it lives, the calling thread has slices of 0.1 ms, the shortest there are, where the kernel
// knows of that: nothing is changed on older ones, nor for a thread of another scheduling class.
class short_slice {
public:
    explicit short_slice(bool wanted = true) noexcept;
    ~short_slice();
    short_slice(const short_slice&) = delete;
    short_slice& operator=(const short_slice&) = delete;

    // The kernel has confirmed it.
    [[nodiscard]] bool held() const noexcept { return before_ != 0; }

private:
    std::uint64_t before_ = 0;  // ns; 0: nothing was changed
};

// What a new thread of twill's calls that is to have the usual slices, whoever started it.
// True: it had a short one.
bool return_inherited_slice() noexcept;

// While it lives, the calling thread has the slices that a process is to inherit which it starts.
class inheritable_slice {
public:
    inheritable_slice() noexcept;
    ~inheritable_slice();
    inheritable_slice(const inheritable_slice&) = delete;
    inheritable_slice& operator=(const inheritable_slice&) = delete;

private:
    bool returned_ = false;
};

// Of a thread, 0 being the calling one; zero if the kernel does not say.
[[nodiscard]] duration slice_of(pid_t thread) noexcept;

}  // namespace twill::inline TWILL_ABI::detail
