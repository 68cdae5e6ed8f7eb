// A signal that asks for something that a handler may not do.
#pragma once

#include <twill/core/config.hpp>

#include <functional>

namespace twill::inline TWILL_ABI::detail {

// While it lives, `ask` is called, on a thread of its own, each time the signal comes (several at
// once may count as one). Several may live in a process: each is called then, whichever of their
// signals comes. The signal's former disposition is restored when the last for it goes.
class dump_signal {
public:
    // Throws usage_error for what is no signal or cannot be caught, io_error and std::system_error
    // when the kernel refuses a descriptor or a thread.
    dump_signal(int number, std::function<void()> ask);
    // `ask` is not running, and is not called any more.
    ~dump_signal();
    dump_signal(const dump_signal&) = delete;
    dump_signal& operator=(const dump_signal&) = delete;

private:
    friend class signal_thread;
    const int number_;
    const std::function<void()> ask_;
};

}  // namespace twill::inline TWILL_ABI::detail
