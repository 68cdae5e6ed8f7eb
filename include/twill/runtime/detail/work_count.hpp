// What the threads of a pool have done, for those who ask. Each thread keeps its own numbers, by
// plain stores; who asks adds them up.
//
// One thread at a time writes; any thread reads. Relaxed throughout: nothing is handed over by
// these words.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/core/time.hpp>

#include <cstdint>

namespace twill::inline TWILL_ABI::detail {

class own_count {
public:
    void add(std::uint64_t more = 1) noexcept {
        count_.store(count_.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t read() const noexcept {
        return count_.load(std::memory_order_relaxed);
    }

private:
    atomic<std::uint64_t> count_{0};
};

// For how long something was busy, the time under way included, in one word, so that a reader never
// sees half of a change: in its lowest bit whether it is busy, above it the sum of the times at
// which it ceased to be, less those at which it began.
class own_busy_time {
public:
    // These two: again, without the other in between, nothing.
    void begin(time_point at) noexcept {
        const std::int64_t word = word_.load(std::memory_order_relaxed);
        if ((word & 1) == 0) word_.store(word - 2 * ns(at) + 1, std::memory_order_relaxed);
    }
    void end(time_point at) noexcept {
        const std::int64_t word = word_.load(std::memory_order_relaxed);
        if ((word & 1) != 0) word_.store(word - 1 + 2 * ns(at), std::memory_order_relaxed);
    }
    [[nodiscard]] duration read(time_point at) const noexcept {
        const std::int64_t word = word_.load(std::memory_order_relaxed);
        return duration((word >> 1) + ((word & 1) != 0 ? ns(at) : 0));
    }

private:
    static std::int64_t ns(time_point at) noexcept { return at.time_since_epoch().count(); }
    atomic<std::int64_t> word_{0};
};

// A sum of such times may come out a little smaller than before: a thread has looked at the clock,
// somebody reads, and then it says that it was done when it looked. What is told never goes back.
class never_back {
public:
    duration at_least(duration sum) noexcept {
        duration::rep before = most_.load(std::memory_order_relaxed);
        while (before < sum.count() &&
               !most_.compare_exchange_weak(before, sum.count(), std::memory_order_relaxed)) {
        }
        return before < sum.count() ? sum : duration(before);
    }

private:
    atomic<duration::rep> most_{0};
};

}  // namespace twill::inline TWILL_ABI::detail
