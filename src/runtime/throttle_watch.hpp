// Sees when the kernel stops the process because its control group has used up a CPU quota, and
// says so: from inside it looks like nothing but a strange latency.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/core/runnable.hpp>
#include <twill/core/time.hpp>
#include <twill/runtime/blocking_pool.hpp>
#include <twill/runtime/detail/ticker.hpp>
#include <twill/runtime/usable_cpus.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace twill::inline TWILL_ABI::detail {

// What is worth a report: at least two periods, and one in four of those since the last look; once
// a minute.
class throttle_rule {
public:
    static constexpr std::uint64_t least = 2;
    static constexpr std::uint64_t one_in = 4;
    static constexpr duration between_reports = std::chrono::minutes(1);

    // What was read at `at`. Gives what has come since the last time to the group that was stopped
    // longest, if that is worth a report.
    std::optional<cpu_throttling> seen(std::vector<cpu_throttling> groups, time_point at);
    // In how many periods it was stopped since the first look; of several groups, those of the one
    // that was stopped longest.
    [[nodiscard]] std::uint64_t periods() const noexcept { return periods_; }

private:
    std::vector<cpu_throttling> before_;
    std::uint64_t periods_ = 0;
    time_point next_report_{};
};

// One line.
[[nodiscard]] std::string report_of(const cpu_throttling& what);

struct throttle_watch_options {
    // Called on a thread of the blocking pool.
    std::function<void(std::string_view)> report;
    const char* root = "";  // as for read_cpu_budget
    duration look = std::chrono::seconds(1);
};

// Looks at ticks that others want; wants none itself.
class throttle_watch final : private ticker_client {
public:
    // Looks from here until `end`.
    throttle_watch(blocking_pool& reporters, throttle_watch_options options);
    ~throttle_watch();
    throttle_watch(const throttle_watch&) = delete;
    throttle_watch& operator=(const throttle_watch&) = delete;

    // Before `reporters` goes, which still runs a look that is under way.
    void end() noexcept;

    // As throttle_rule's. Any thread.
    [[nodiscard]] std::uint64_t periods() const noexcept {
        return periods_.load(std::memory_order_relaxed);
    }

private:
    struct looking final : runnable {
        explicit looking(throttle_watch& whose) noexcept
            : runnable(&looking::execute), owner(whose) {}
        static void execute(runnable& self) noexcept { static_cast<looking&>(self).owner.look(); }
        throttle_watch& owner;
    };

    pulse tick() noexcept override;
    void look() noexcept;

    blocking_pool& reporters_;
    const throttle_watch_options options_;
    const unsigned born_in_;  // generation of forks: see fork_guard.hpp
    bool ended_ = false;

    time_point next_look_;  // the ticker's thread only
    throttle_rule rule_;    // whoever looks
    atomic<std::uint64_t> periods_{0};
    // True from when a look is asked for until it is over.
    atomic<bool> looking_now_{false};
    looking looking_{*this};
};

}  // namespace twill::inline TWILL_ABI::detail
