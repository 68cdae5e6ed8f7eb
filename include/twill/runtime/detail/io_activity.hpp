// How the threads that compute know whether anybody beside them serves I/O, and when it had which
// CPU: one for each runtime, written by its event threads, read by its compute pool.
//
// Relaxed throughout: nothing is handed over by these words, and who reads an old value gives way
// once too often, or once too seldom. So it is, too, when two event threads add at once and one of
// the sums is lost.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/core/time.hpp>

#include <sched.h>

#include <array>
#include <cstdint>

namespace twill::inline TWILL_ABI::detail {

struct io_activity {
public:
    // ---- event threads
    // A turn at the reactor is over.
    void turned(bool with_completions) noexcept {
        add(turns_, std::uint64_t{1});
        if (with_completions && !serves()) serving_.store(true, std::memory_order_relaxed);
    }
    // The calling thread has just run tasks for so long.
    void ran(duration time) noexcept { add(place_of(this_cpu()).served, time.count()); }

    // ---- compute workers
    // Set with the first completion, cleared by a worker that has seen no turn for a while. A
    // clearing that overtakes a setting lasts until the next completion.
    [[nodiscard]] bool serves() const noexcept { return serving_.load(std::memory_order_relaxed); }
    void serves_no_more() noexcept { serving_.store(false, std::memory_order_relaxed); }

    [[nodiscard]] std::uint64_t turns() const noexcept {
        return turns_.load(std::memory_order_relaxed);
    }
    // For how long event threads have run tasks on that CPU. So a worker that gives up its CPU sees
    // whether they got it, or went on with what they did on another.
    [[nodiscard]] duration served_on(unsigned cpu) const noexcept {
        return duration(places_[cpu % places_.size()].served.load(std::memory_order_relaxed));
    }
    // Of the calling thread. Glibc has it in memory.
    [[nodiscard]] static unsigned this_cpu() noexcept {
        const int cpu = ::sched_getcpu();
        return cpu < 0 ? 0 : static_cast<unsigned>(cpu);
    }

private:
    struct alignas(64) place {
        atomic<std::int64_t> served{0};
    };

    template <class T>
    static void add(atomic<T>& to, T more) noexcept {
        to.store(to.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
    }
    // CPUs whose numbers are 64 apart share one: strangers on the one may then pass for event
    // threads on the other.
    [[nodiscard]] place& place_of(unsigned cpu) noexcept { return places_[cpu % places_.size()]; }

    alignas(64) atomic<std::uint64_t> turns_{0};
    atomic<bool> serving_{false};
    std::array<place, 64> places_;
};

}  // namespace twill::inline TWILL_ABI::detail
