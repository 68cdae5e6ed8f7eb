// What a call does with its time, for calls that stay on the thread that makes them.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/time.hpp>
#include <twill/runtime/adaptive_controller.hpp>

namespace twill::inline TWILL_ABI::detail {

// As long as it lives: how long this thread was on a CPU and, where the kernel tells, waited for
// one; the rest it was blocked. In the end `into` says so.
class TWILL_API call_watch {
public:
    explicit call_watch(call_sample& into) noexcept;
    ~call_watch();
    call_watch(const call_watch&) = delete;
    call_watch& operator=(const call_watch&) = delete;

private:
    call_sample* into_;
    time_point began_;
    duration run_;
    duration queued_;
};

}  // namespace twill::inline TWILL_ABI::detail
