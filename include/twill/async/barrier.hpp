// barrier: a fixed number of parties that go on together, again and again.
//
//     twill::barrier step(4);
//     for (int t = 0; t < steps; ++t) {
//         compute_part(t);
//         if (co_await step.arrive_and_wait()) publish(t);      // in one of the four
//         co_await step.arrive_and_wait();
//     }
//
// For tasks on any event thread, plain threads and functions on the compute pool. As std::barrier,
// awaitable; instead of a completion function, which would run under its lock, one party of each
// phase is told that it is the one.
#pragma once

#include <twill/async/detail/waiter.hpp>
#include <twill/core/config.hpp>

#include <cstdint>

namespace twill::inline TWILL_ABI {

class TWILL_API barrier {
    class TWILL_API gate final : public detail::wait_place {
    public:
        explicit constexpr gate(std::uint64_t parties) noexcept
            : wait_place(lock_), parties_(parties), missing_(parties) {}
        // The party that completes the phase need not wait, and finds 1 in its `amount`.
        bool take_or_queue(detail::waiter& who, detail::woken_waiters& woken) noexcept override;
        bool cut(detail::waiter& who, detail::woken_waiters& woken) noexcept override;
        void drop();

    private:
        void next_phase(detail::woken_waiters& woken) noexcept;

        futex_mutex lock_;
        std::uint64_t parties_;
        std::uint64_t missing_;
        detail::wait_list waiting_;
    };

    class meeting final : public detail::place_wait {
    public:
        explicit meeting(gate& at) noexcept : place_wait("wait at a barrier", at) {}
        bool await_resume() const {
            throw_if_cut();
            return amount != 0;
        }
    };
    struct [[nodiscard("it arrives when it is awaited")]] arrival {
        gate* at;
        meeting operator co_await() const noexcept { return meeting(*at); }

        // For wait_blocking_until.
        struct parcel {
            const detail::waiter* who = nullptr;
        };
        [[nodiscard]] detail::wait_place& place() const noexcept { return *at; }
        void prepare(detail::waiter& who, parcel& with) const noexcept { with.who = &who; }
        [[nodiscard]] bool result(parcel& from) const noexcept { return from.who->amount != 0; }
    };

public:
    // For so many parties, at least one.
    explicit constexpr barrier(std::uint64_t parties) noexcept : gate_(parties) {}

    // `co_await arrive_and_wait()` suspends until all parties of the phase have arrived, and gives
    // true to exactly one of them, the last. What the parties did before is seen by all after.
    // Cancelled at once: then this party has not arrived, and the others wait for it; if it will
    // not come again it must `drop`. A phase that was complete already is passed.
    [[nodiscard]] arrival arrive_and_wait() noexcept { return {&gate_}; }
    // Blocks the calling thread. Throws usage_error on an event thread. With a limit in time:
    // wait_blocking_for(10ms, step.arrive_and_wait()).
    bool arrive_and_wait_blocking();

    // From now on there is a party less, in this phase already. Any thread. Throws usage_error when
    // there is none left that has not arrived.
    void drop() { gate_.drop(); }

private:
    gate gate_;
};

}  // namespace twill::inline TWILL_ABI
