// When a thread that computes gives its CPU up for a moment, so that a thread that serves I/O need
// not wait for the end of a time slice.
//
// A yield gives the CPU to whoever waits for it. Was that an event thread, or nobody, it cost
// little; was it a stranger (another process, a thread of the blocking pool that copies files), the
// worker lost up to a slice of several milliseconds, and would lose most of its share if it went on
// so. The kernel does not tell which it was. What can be seen is how long the yield took and how
// long event threads ran on that CPU meanwhile: the rest, if it is much, went to strangers.
//
// They may have a few percent of a worker's time by its yields: what they get is taken from a
// credit that grows with time, and where that is used up the worker works on without a yield until
// there is some again. Short turns of others cost nothing: a client on the same machine is not to
// be what keeps its requests waiting. And after each yield the worker works for as long as it was
// away: where event threads are busy all the time they do not wait to be woken, and the kernel
// shares the CPU between them and the worker as well.
#pragma once

#include <twill/core/time.hpp>

#include <algorithm>
#include <chrono>

namespace twill::inline TWILL_ABI::detail {

class giving_way {
public:
    // In a prototype of two bare pools, 100 us made the 99.9th percentile of the latency up to 2.7
    // times as long; at 50 us the work lost 1.5 to 2 %.
    static constexpr duration shortest = std::chrono::microseconds(50);
    // An absence that is no more is no loss: the host has CPUs of virtual machines for so long.
    static constexpr duration no_loss = std::chrono::microseconds(500);
    // Strangers may have one part in so many, and this at once, which is a slice of the kernel's.
    // With 10 ms, a search beside threads that read and write files took twice as long at the 99th
    // percentile; with none, requests of a client on the same machine several times.
    static constexpr int part = 32;
    static constexpr duration most_credit = std::chrono::milliseconds(3);
    // Whoever may have come in a longer time without yields, it is to be tried again.
    static constexpr duration longest = std::chrono::milliseconds(100);

    [[nodiscard]] bool due(time_point at) const noexcept { return at >= next_; }

    // A yield is over at `at`; it took `took`, for `served` of which event threads ran.
    void yielded(time_point at, duration took, duration served) noexcept {
        credit_ = std::min(credit_ + (at - last_) / part, most_credit);
        last_ = at;
        if (const duration lost = took - served; lost > no_loss)
            credit_ = std::max(credit_ - lost, -longest / part);
        interval_ = std::clamp(took, shortest, longest);
        if (credit_ < duration::zero()) interval_ = std::max(interval_, -credit_ * part);
        next_ = after(at, interval_);
    }

    [[nodiscard]] duration interval() const noexcept { return interval_; }

private:
    duration interval_ = shortest;
    duration credit_ = most_credit;
    time_point last_{};  // yield
    time_point next_{};
};

}  // namespace twill::inline TWILL_ABI::detail
