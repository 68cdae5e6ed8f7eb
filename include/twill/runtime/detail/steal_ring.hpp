// Ready work of one worker, first in, first out: it pushes at the back, it and others take from the
// front. Others take half at a time, for a ring of their own. After Go's run queue.
//
// `head_` and `tail_` count what was ever taken and pushed; they do not wrap round in the life of a
// program, so a number that is seen again means that nothing happened in between.
//   - The owner alone writes the places and `tail_`.
//   - Whoever takes, the owner too, reads the places first and then moves `head_` by one
//     compare-and-swap, from the value at which it began to read. If that succeeds, nobody has
//     taken any of these; and nobody has written over them, because the owner writes over a place
//     only after it has seen `head_` move past it.
//   - So each piece of work is taken once: the successful moves of `head_` cut the row of all
//     numbers into pieces.
// What a pusher did before is seen by who takes: the release of `tail_` pairs with the acquire in
// `steal_into`. A place is read before it is written again: the release in each move of `head_`
// pairs with the acquire of the owner before it writes. It also keeps a thief's `tail_` from lying
// before its `head_`: who moves `head_` has seen a `tail_` beyond it.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/core/runnable.hpp>

#include <cstdint>

namespace twill::inline TWILL_ABI::detail {

template <std::uint64_t Size>
class steal_ring {
public:
    static constexpr std::uint64_t size = Size;

    // ---- by the owner

    // False: it is full.
    [[nodiscard]] bool push(runnable& work) noexcept {
        const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
        if (tail - head_.load(std::memory_order_acquire) == Size) return false;
        places_[tail % Size].store(&work, std::memory_order_relaxed);
        tail_.store(tail + 1, std::memory_order_release);
        return true;
    }

    // The oldest, or null.
    runnable* pop() noexcept {
        const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
        std::uint64_t head = head_.load(std::memory_order_relaxed);
        while (head != tail) {
            runnable* const work = places_[head % Size].load(std::memory_order_relaxed);
            // Release: for a thief that sees this head, and must see the tail beyond it.
            if (head_.compare_exchange_weak(head, head + 1, std::memory_order_release,
                                            std::memory_order_relaxed))
                return work;
        }
        return nullptr;
    }

    // ---- by the owner of `to`, which is empty

    // Moves half of what is here, rounded up, behind each other into `to`; gives how many.
    std::uint64_t steal_into(steal_ring& to) noexcept {
        // As the one in `push`: others may have taken from there just now.
        const std::uint64_t behind = to.head_.load(std::memory_order_acquire);
        std::uint64_t head = head_.load(std::memory_order_acquire);
        for (;;) {
            const std::uint64_t there = tail_.load(std::memory_order_acquire) - head;
            if (there == 0) return 0;
            const std::uint64_t half = there - there / 2;
            // More than can be: `head` is an old one.
            if (there <= Size) {
                for (std::uint64_t i = 0; i != half; ++i)
                    to.places_[(behind + i) % Size].store(
                        places_[(head + i) % Size].load(std::memory_order_relaxed),
                        std::memory_order_relaxed);
                if (head_.compare_exchange_strong(head, head + half, std::memory_order_acq_rel,
                                                  std::memory_order_acquire)) {
                    to.tail_.store(behind + half, std::memory_order_release);
                    return half;
                }
            } else {
                head = head_.load(std::memory_order_acquire);
            }
        }
    }

    // ---- by anybody: what was true a moment ago

    [[nodiscard]] bool empty() const noexcept {
        return head_.load(std::memory_order_relaxed) == tail_.load(std::memory_order_relaxed);
    }

private:
    alignas(64) atomic<std::uint64_t> head_{0};
    alignas(64) atomic<std::uint64_t> tail_{0};
    atomic<runnable*> places_[Size] = {};
};

}  // namespace twill::inline TWILL_ABI::detail
