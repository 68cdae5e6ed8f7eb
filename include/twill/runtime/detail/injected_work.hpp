// Work that other threads hand to those who run tasks: a stack that anybody pushes onto, and that
// is taken whole and turned round.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/core/runnable.hpp>

#include <cstddef>
#include <utility>

namespace twill::inline TWILL_ABI::detail {

class injected_work {
public:
    // Any thread. Seq_cst, and so is `any`: who pushes then looks whether somebody sleeps, who goes
    // to sleep says so and then looks here, and one of the two sees the other.
    void push(runnable& work) noexcept {
        runnable* newest = newest_.load(std::memory_order_relaxed);
        do {
            work.next = newest;
        } while (!newest_.compare_exchange_weak(newest, &work, std::memory_order_seq_cst,
                                                std::memory_order_relaxed));
    }
    [[nodiscard]] bool any() const noexcept {
        return newest_.load(std::memory_order_seq_cst) != nullptr;
    }
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

private:
    atomic<runnable*> newest_{nullptr};
};

}  // namespace twill::inline TWILL_ABI::detail
