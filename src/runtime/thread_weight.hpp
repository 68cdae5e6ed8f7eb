// A thread's weight with the kernel's scheduler: how it is lowered, and what comes of it.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/time.hpp>
#include <twill/runtime/lanes.hpp>

#include <sys/types.h>
#include <time.h>

namespace twill::inline TWILL_ABI::detail {

struct thread_id {
    pid_t number;
    clockid_t clock;  // of its CPU time
};
[[nodiscard]] thread_id this_thread_id() noexcept;

// Gives the calling thread the weight of `how`, for good. It never gets a higher one by that.
// False: the kernel refused it, and the weight is what it was.
[[nodiscard]] bool lower_weight_of_this_thread(lanes how) noexcept;

// What the kernel says about a thread of this process. What it does not say is zero, or false.
class thread_watch {
public:
    virtual duration ran(const thread_id& who) noexcept = 0;
    // For how long it was ready to run, and did not; a wait counts once it is over.
    virtual duration waited(const thread_id& who) noexcept = 0;
    // Whether it runs or waits for a CPU, and for nothing else.
    virtual bool ready(const thread_id& who) noexcept = 0;

    [[nodiscard]] static thread_watch& kernel() noexcept;

protected:
    ~thread_watch() = default;
};

}  // namespace twill::inline TWILL_ABI::detail
