// Work that other threads hand to those who run tasks: a stack that anybody pushes onto, and that
// is taken whole and turned round; and whoever sleeps in the reactor meanwhile.
//
// The question is whether a push can be missed by a thread that is going to sleep. It announces it,
// then looks; the pusher pushes, then looks:
//     sleeper: begin_sleep();  if (!any()) io.poll(until the next timer);  end_sleep()
//     pusher:  push(work);  wake(io)
// All four accesses are sequentially consistent, so in their single total order either the
// sleeper's look comes after the push and sees it, or the pusher's look comes after the
// announcement and wakes. The wake is remembered by the reactor, so it may come before the poll
// begins. Whoever else has news for the sleeper does as the pusher.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/core/reactor.hpp>
#include <twill/core/runnable.hpp>

#include <cstddef>
#include <utility>

namespace twill::inline TWILL_ABI::detail {

class injected_work {
public:
    // ---- any thread

    void push(runnable& work) noexcept {
        runnable* newest = newest_.load(std::memory_order_relaxed);
        do {
            work.next = newest;
        } while (!newest_.compare_exchange_weak(newest, &work, std::memory_order_seq_cst,
                                                std::memory_order_relaxed));
    }
    // Wakes who sleeps. False: nobody does, or somebody else has woken it.
    bool wake(reactor& io) noexcept {
        // The exchange lets one of many pay for the wake-up.
        if (!sleeps_.load(std::memory_order_seq_cst) ||
            !sleeps_.exchange(false, std::memory_order_seq_cst))
            return false;
        io.wake();
        return true;
    }
    [[nodiscard]] bool any() const noexcept {
        return newest_.load(std::memory_order_seq_cst) != nullptr;
    }

    // ---- those who run tasks

    // For who looks again soon.
    [[nodiscard]] bool seems_empty() const noexcept {
        return newest_.load(std::memory_order_relaxed) == nullptr;
    }
    // Moves all of it behind what is in `queue`, the oldest first, and gives how many that were.
    // What the pushers wrote before is seen: acquire. Release: who finds it empty after that sees
    // what the taker wrote before.
    std::size_t take_all(runnable_queue& queue) noexcept {
        runnable* newest = newest_.exchange(nullptr, std::memory_order_acq_rel);
        runnable* oldest = nullptr;
        while (newest != nullptr) {
            runnable* const below = std::exchange(newest->next, oldest);
            oldest = std::exchange(newest, below);
        }
        std::size_t count = 0;
        for (; oldest != nullptr; ++count) {
            runnable* const above = oldest->next;
            queue.push_back(*oldest);
            oldest = above;
        }
        return count;
    }
    // These three by one thread at a time.
    void begin_sleep() noexcept { sleeps_.store(true, std::memory_order_seq_cst); }
    [[nodiscard]] bool still_sleeps() const noexcept {
        return sleeps_.load(std::memory_order_relaxed);
    }
    // False: somebody has woken it. One step, so that each wake-up is seen here or not made; what
    // there is to see is found by the next look.
    bool end_sleep() noexcept { return sleeps_.exchange(false, std::memory_order_relaxed); }

private:
    atomic<runnable*> newest_{nullptr};
    atomic<bool> sleeps_{false};
};

}  // namespace twill::inline TWILL_ABI::detail
