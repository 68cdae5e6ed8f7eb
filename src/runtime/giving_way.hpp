// When a thread that computes gives its CPU up for a moment, so that a thread that serves I/O need
// not wait for the end of a time slice.
//
// A yield gives the CPU to whoever waits for it. Was that an event thread, or nobody, it cost
// little; was it a stranger (another process, say), the worker lost up to a slice of several
// milliseconds, and would lose most of its share if it went on so. The kernel does not tell which
// it was. What can be seen is how long the yield took and how many turns the event thread made
// meanwhile; an event thread's turn is short, so a long absence with few turns went to strangers.
// The worker then backs off at once and far, tries again now and then, and comes back when a trial
// was cheap.
#pragma once

#include <twill/core/time.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace twill::inline TWILL_ABI::detail {

class giving_way {
public:
    // Measured: half as often doubles the tail of the latency; twice as often costs the work more
    // than it saves.
    static constexpr duration shortest = std::chrono::microseconds(50);
    // One slice lost in so long is a few percent.
    static constexpr duration longest = std::chrono::milliseconds(100);
    // What an event thread's turn may take, and what a yield to nobody may.
    static constexpr duration of_a_turn = std::chrono::microseconds(50);
    static constexpr duration of_a_yield = std::chrono::microseconds(500);
    static constexpr int back_off = 8;

    [[nodiscard]] bool due(time_point at) const noexcept { return at >= next_; }

    // A yield is over at `at`; it took `took`, in which there were `turns` turns of event threads.
    void yielded(time_point at, duration took, std::uint64_t turns) noexcept {
        // More turns than fit into any slice make no difference.
        const auto counted = static_cast<int>(std::min<std::uint64_t>(turns, 100));
        if (took > of_a_yield + counted * of_a_turn)
            interval_ = std::min(interval_ * back_off, longest);
        else
            interval_ = std::max(interval_ / back_off, shortest);
        next_ = after(at, interval_);
    }

    [[nodiscard]] duration interval() const noexcept { return interval_; }

private:
    duration interval_ = shortest;
    time_point next_{};
};

}  // namespace twill::inline TWILL_ABI::detail
