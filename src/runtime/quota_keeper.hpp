// Who keeps the process's threads that compute below its CPU quota, follows changes of the quota,
// and sees when the kernel had to stop the process all the same. One for the process; the ticker
// calls it, so it does nothing while nobody computes.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/core/time.hpp>
#include <twill/runtime/detail/ticker.hpp>
#include <twill/runtime/usable_cpus.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "quota_pace.hpp"

namespace twill::inline TWILL_ABI::detail {

class quota_keeper final : public ticker_client {
public:
    // Between two readings of the quota's files.
    static constexpr duration look = std::chrono::milliseconds(500);

    constexpr quota_keeper() noexcept = default;
    // Not among the ticker's clients; `root` as read_cpu_budget's, and outlives it.
    explicit constexpr quota_keeper(const char* root) noexcept : root_(root) {}

    [[nodiscard]] static quota_keeper& process() noexcept { return of_process_; }

    // Sees to it that the ticker calls. `known`: what was just read. Any thread, as often as one
    // likes.
    void watch(const cpu_budget& known) noexcept;

    // In CPUs; infinity: none. Any thread.
    [[nodiscard]] double quota() const noexcept { return quota_.load(std::memory_order_relaxed); }

    // For how long the calling thread, which computes, is to rest now, for all. Any thread.
    [[nodiscard]] duration take_rest() noexcept {
        if (rest_.load(std::memory_order_relaxed) == 0) [[likely]]
            return duration::zero();
        return duration(rest_.exchange(0, std::memory_order_relaxed));
    }

    // How often the process was found to be throttled so much that it is worth a report. Any
    // thread.
    [[nodiscard]] std::uint32_t alarms() const noexcept {
        return alarms_.load(std::memory_order_relaxed);
    }
    // What the report says of the last time. Any thread. Throws std::bad_alloc.
    [[nodiscard]] std::string report() const;

    pulse tick() noexcept override;

private:
    // After a pause the first ticks are for those who look for work.
    static constexpr duration pause = std::chrono::milliseconds(100);
    static constexpr duration first_look = std::chrono::milliseconds(20);
    // Of the periods in a look.
    static constexpr std::uint64_t worth_a_report = 4;  // one in four
    static constexpr duration between_reports = std::chrono::minutes(1);

    void look_at_files(time_point at) noexcept;
    void heed(const cpu_budget& budget, time_point at) noexcept;

    static quota_keeper of_process_;

    // All relaxed: they carry nothing but themselves. Without a lock, which a fork might leave
    // held.
    atomic<unsigned> enrolled_in_{0};  // generation of forks + 1; 0: not yet
    atomic<double> quota_{std::numeric_limits<double>::infinity()};
    atomic<duration::rep> rest_{0};
    atomic<std::uint32_t> alarms_{0};
    atomic<std::uint64_t> reported_periods_{0};
    atomic<std::uint64_t> reported_throttled_{0};

    // The ticker's thread only.
    const char* root_ = "";
    quota_pace pace_;
    time_point ticked_{};
    time_point next_look_{};
    time_point next_report_{};
    std::size_t source_ = 0;  // a hash of its name
    cpu_throttling seen_;
};

}  // namespace twill::inline TWILL_ABI::detail
