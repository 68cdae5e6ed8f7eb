// Signals that the program sends to itself: each is kept until the thread that it is for has its
// next turn, and its handler runs then, in that thread, as a part of the schedule.
#pragma once

#include "check/thread.hpp"

#include <csignal>
#include <cstdint>

namespace twill::inline TWILL_ABI::check {

inline std::uint64_t bit_of_signal(int number) noexcept {
    return std::uint64_t{1} << static_cast<unsigned>(number - 1);
}

// What the calling thread blocks, as the kernel has it.
std::uint64_t blocked_signals() noexcept;
// Those that are there for this thread, or for the process, and that it does not block.
bool has_signals(const thread& of) noexcept;
// Runs their handlers. `by`: also what it waits for may be given up for one (EINTR). True: it is.
bool handle_signals(thread& me, action waiting) noexcept;

// Sends `number` to those of a thread, or of the process. A value goes along with it: in the order
// in which they were sent, if it is one of the real-time signals; else while none is there yet.
void put_signal(std::uint64_t& to, int number) noexcept;
void put_signal(std::uint64_t& to, int number, sigval with) noexcept;
// Takes it out again, as the kernel would tell of it.
siginfo_t take_signal(std::uint64_t& from, int number) noexcept;

// The calling thread blocks others for as long as it lives; null: it does not.
class with_mask {
public:
    explicit with_mask(const sigset_t* blocked) noexcept;
    ~with_mask();
    with_mask(const with_mask&) = delete;
    with_mask& operator=(const with_mask&) = delete;

private:
    thread* me_ = nullptr;
    std::uint64_t before_ = 0;
};

}  // namespace twill::inline TWILL_ABI::check
