// Vector clocks: what happened before what.
//
// Component t of a clock says how much of thread t's past its holder has seen. A thread's own
// component grows when it releases something, so "the event e of thread t happened before here" is
// one comparison, `here.at(t) >= e.time`, where e.time was t's own component at the event. After
// Lamport (1978), Mattern (1989), and Flanagan and Freund's "FastTrack" (PLDI 2009) for epochs.
//
//     released.join(memory, clock_of_a);       // release: the object remembers
//     clock_of_b.join(memory, released);       // acquire
#pragma once

#include "arena.hpp"
#include "operation.hpp"

namespace twill::inline TWILL_ABI::explore {

using tick = std::uint32_t;

// One event: the `time`-th of its thread.
struct epoch {
    thread_id thread = no_thread;  // nobody's: before everything
    tick time = 0;
};

// Plain data; components beyond `size` are 0. An empty clock (all zero bytes) is before everything.
class vector_clock {
public:
    [[nodiscard]] tick at(thread_id thread) const noexcept {
        return thread < size_ ? ticks_[thread] : 0;
    }
    void set(arena& memory, thread_id thread, tick time) noexcept {
        reserve(memory, thread + 1);
        ticks_[thread] = time;
    }
    void join(arena& memory, const vector_clock& other) noexcept {
        reserve(memory, other.size_);
        for (std::uint32_t i = 0; i != other.size_; ++i)
            if (ticks_[i] < other.ticks_[i]) ticks_[i] = other.ticks_[i];
    }
    // A copy of its own; plain assignment shares the components.
    void assign(arena& memory, const vector_clock& other) noexcept {
        for (std::uint32_t i = other.size_; i < size_; ++i) ticks_[i] = 0;
        reserve(memory, other.size_);
        for (std::uint32_t i = 0; i != other.size_; ++i) ticks_[i] = other.ticks_[i];
    }
    void clear() noexcept {
        for (std::uint32_t i = 0; i != size_; ++i) ticks_[i] = 0;
    }
    [[nodiscard]] bool has_seen(epoch event) const noexcept {
        return event.thread == no_thread || at(event.thread) >= event.time;
    }
    [[nodiscard]] bool has_seen(const vector_clock& other) const noexcept {
        for (std::uint32_t i = 0; i != other.size_; ++i)
            if (at(i) < other.ticks_[i]) return false;
        return true;
    }
    [[nodiscard]] std::uint32_t size() const noexcept { return size_; }

private:
    void reserve(arena& memory, std::uint32_t size) noexcept {
        if (size <= size_) return;
        if (size > capacity_) {
            std::uint32_t capacity = capacity_ == 0 ? 4 : 2 * capacity_;
            if (capacity < size) capacity = size;
            tick* const ticks = static_cast<tick*>(memory.take(capacity * sizeof(tick)));
            for (std::uint32_t i = 0; i != size_; ++i) ticks[i] = ticks_[i];
            ticks_ = ticks;
            capacity_ = capacity;
        }
        for (; size_ != size; ++size_) ticks_[size_] = 0;
    }

    tick* ticks_ = nullptr;
    std::uint32_t size_ = 0;
    std::uint32_t capacity_ = 0;
};

}  // namespace twill::inline TWILL_ABI::explore
