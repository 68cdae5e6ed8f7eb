// Pending timers, as a hierarchical wheel (Varghese and Lauck, 1987; the level arithmetic as in
// Tokio's and in the Linux kernel's before 4.8).
//
// Time is cut into ticks of 2^16 ns (66 us). Level l has 64 slots of 64^l ticks; a timer lies on
// the level of the highest group of six bits in which its tick differs from the current one, so
// every slot of a level lies ahead of the current one, and a slot is emptied when the time reaches
// its start: its timers fire (level 0) or move to a lower level. Arming and disarming are O(1) and
// allocate nothing; a timer moves at most seven times. Ticks are rounded up, so that none fires
// early. Eight levels reach 584 years ahead, farther than a time_point.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/executor.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/core/time.hpp>

#include <cstddef>
#include <cstdint>

namespace twill::inline TWILL_ABI::detail {

class TWILL_API timer_wheel {
public:
    // `together`: how much later than its deadline a timer may fire, beside the rounding to ticks,
    // in order to fire with others.
    explicit timer_wheel(time_point start, duration together = duration::zero()) noexcept;
    timer_wheel(const timer_wheel&) = delete;
    timer_wheel& operator=(const timer_wheel&) = delete;

    enum class armed : std::uint8_t {
        refused,   // disarm came first
        later,     // pending; an earlier timer is too
        earliest,  // pending, and the earliest: whoever waits for the next one must wait less
    };
    // Any thread.
    armed arm(timer& what) noexcept;
    // As executor::disarm. Any thread.
    bool disarm(timer& what) noexcept;

    // Takes the timers out whose deadline is at or before `now`, in the order of their ticks, as a
    // list linked by `next`. Their `fire` is the caller's to call. Any thread.
    timer* expire(time_point now) noexcept;

    // When `expire` has something to do next, at the earliest; `never` without timers. It can be
    // the start of a slot whose timers are due later. Any thread.
    time_point next() noexcept;
    // Whether `expire` would take any out. Looks at all timers of one slot. Any thread.
    bool any_due(time_point now) noexcept;

private:
    static constexpr unsigned levels = 8;
    static constexpr unsigned slots = 64;
    static constexpr unsigned slot_bits = 6;
    static constexpr unsigned tick_shift = 16;

    struct list {
        timer* first = nullptr;
        timer* last = nullptr;
    };
    struct position {
        std::uint64_t tick;
        unsigned level;
        unsigned slot;
    };

    [[nodiscard]] std::uint64_t tick_of(time_point deadline) const noexcept;
    [[nodiscard]] std::uint64_t reached_at(time_point now) const noexcept;
    void insert(timer& what, std::uint64_t tick) noexcept;
    void unlink(timer& what) noexcept;
    [[nodiscard]] bool next_position(position& where) const noexcept;
    [[nodiscard]] std::uint64_t next_tick() const noexcept;
    static void push_back(list& to, timer& what) noexcept;
    timer* take_slot(const position& where) noexcept;

    futex_mutex lock_;  // guards all below, and the links and states of the timers
    const std::int64_t origin_;
    const std::uint64_t rounding_;  // ticks of timers are multiples of this + 1, a power of two
    std::uint64_t current_ = 0;     // the tick up to which timers were expired
    std::uint64_t occupied_[levels] = {};
    list slots_[levels][slots];
};

}  // namespace twill::inline TWILL_ABI::detail
