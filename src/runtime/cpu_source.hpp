// How many CPUs there are to compute on, asked again while work runs.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/time.hpp>

#include <chrono>
#include <limits>

namespace twill::inline TWILL_ABI::detail {

class cpu_source {
public:
    // By the affinity mask of a thread of this process, 0 being the calling one, and the quota.
    virtual unsigned usable(int thread) noexcept = 0;
    // In CPUs; infinity: there is none. As it was when `usable` was last asked.
    virtual double quota() noexcept { return std::numeric_limits<double>::infinity(); }
    // How long an answer is good for. To read the quota takes 0.2 to 0.3 ms here.
    virtual duration good_for() noexcept { return std::chrono::seconds(1); }

    [[nodiscard]] static cpu_source& kernel() noexcept;

protected:
    ~cpu_source() = default;
};

}  // namespace twill::inline TWILL_ABI::detail
