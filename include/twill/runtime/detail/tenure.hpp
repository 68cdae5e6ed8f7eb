// The right of a thread to touch an event worker, and how another thread takes it.
//
// An event worker (its queue, its timers, its turn at the reactor) is plain data: the one thread
// that drives it, the holder, uses it without a lock and nearly without atomics. When a task's code
// does not come back, another thread must be able to take the worker away, and the holder must find
// that out before it touches the worker again. It is a lock whose owner takes and frees it with
// plain stores, and from whom it can be taken while it is free: a biased lock.
//
// `stage_` is written by the holder alone. It says whether it is inside, or outside, in a task's
// code, where it touches nothing of the worker. (Beside that, what else is known of a task's turn,
// so that a turn begins with one store: its number, by which to recognise it, whether further tasks
// are ready, and its budget.) `claim_`:
//   none      nobody wants the worker
//   proposed  somebody looks whether the holder is outside
//   taken     the holder has lost it, for good
//
//     holder, coming in:  stage_: inside;            who takes over:  claim_ = proposed
//                         light barrier                               heavy barrier
//                         look at claim_                              look at stage_
//
// The argument. An asymmetric barrier lies between the two steps of each, so for every time that
// the holder comes in: it sees the proposal, or the other sees that it came in.
//   1. Suppose that the other sees it outside. The times that the holder came in before that are
//      over, and what it did then is seen: `outside` was stored with release order and read with
//      acquire order. Each later time that it comes in it sees the proposal, or what became of it.
//   2. Whoever sees a proposal decides it by one compare-and-swap: the holder, coming in, from
//      `proposed` to `none`; the other from `proposed` to `taken`. One of the two wins. If the
//      holder does, the other leaves it alone. If the other does, the holder never enters again.
//   3. If the other sees it inside, it withdraws the proposal.
// So the worker has one holder at any time, and a holder that comes in pays a store and a load of
// its own cache line.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/runtime/detail/asymmetric_barrier.hpp>

#include <cstdint>

namespace twill::inline TWILL_ABI::detail {

class tenure {
public:
    // `can_be_taken`: whether anybody will ever call `take`. If not, the holder need not say that
    // it comes in, and to be watched costs it a store or two a turn.
    explicit constexpr tenure(bool can_be_taken = true) noexcept : can_be_taken_(can_be_taken) {}
    [[nodiscard]] bool can_be_taken() const noexcept { return can_be_taken_; }

    // ---- by the holder

    // Goes out, into turn number `turn`, of a task that may complete `budget` operations without a
    // suspension. `others_wait`: whether further tasks are ready.
    void begin_turn(std::uint64_t turn, unsigned budget, bool others_wait) noexcept {
        // Release: see 1.
        stage_.store(turn << turn_shift | std::uint64_t{budget} << budget_shift |
                         (others_wait ? others : 0) | outside,
                     std::memory_order_release);
    }

    // Comes in. False: the worker is another thread's, and must not be touched.
    [[nodiscard]] bool come_in() noexcept {
        stage_.store(stage_.load(std::memory_order_relaxed) & ~outside, std::memory_order_relaxed);
        asymmetric_barrier::light(stage_);
        // Seq_cst: see asymmetric_barrier.
        return claim_.load(std::memory_order_seq_cst) == none || contest();
    }
    // Goes out again, into the same turn.
    void go_out() noexcept {
        stage_.store(stage_.load(std::memory_order_relaxed) | outside, std::memory_order_release);
    }

    // In a turn: somebody was made ready.
    void note_others() noexcept {
        const std::uint64_t stage = stage_.load(std::memory_order_relaxed);
        if ((stage & others) == 0) stage_.store(stage | others, std::memory_order_release);
    }
    // In a turn: takes one from its budget. False: there is nothing left.
    [[nodiscard]] bool spend() noexcept {
        const std::uint64_t stage = stage_.load(std::memory_order_relaxed);
        if ((stage & budget_mask) == 0) return false;
        stage_.store(stage - (std::uint64_t{1} << budget_shift), std::memory_order_release);
        return true;
    }

    // In a turn whose budget is spent.
    void grant(unsigned budget) noexcept {
        stage_.store(stage_.load(std::memory_order_relaxed) | std::uint64_t{budget} << budget_shift,
                     std::memory_order_release);
    }
    [[nodiscard]] std::uint64_t turn() const noexcept {
        return stage_.load(std::memory_order_relaxed) >> turn_shift;
    }

    [[nodiscard]] bool is_outside() const noexcept {
        return (stage_.load(std::memory_order_relaxed) & outside) != 0;
    }
    // From outside: whether it was taken already. It can be at any moment. Seq_cst: who stores
    // something for the holder, then looks here and finds the worker its own, has stored it before
    // it is taken; see event_worker::end.
    [[nodiscard]] bool is_lost() const noexcept {
        return claim_.load(std::memory_order_seq_cst) == taken;
    }

    // ---- by others

    struct glance {
        std::uint64_t turn;
        bool is_outside;
        bool others_wait;
    };
    [[nodiscard]] glance look() const noexcept {
        const std::uint64_t stage = stage_.load(std::memory_order_acquire);
        return {stage >> turn_shift, (stage & outside) != 0, (stage & others) != 0};
    }

    // Takes the worker from a holder that is outside. False: it is not. By one thread at a time.
    [[nodiscard]] bool take() noexcept {
        claim_.store(proposed, std::memory_order_seq_cst);
        asymmetric_barrier::heavy();
        // Acquire: see 1. Seq_cst: where the barrier does nothing, the holder's change of this word
        // is seq_cst, and one of the two loads comes after both stores.
        const bool away = (stage_.load(std::memory_order_seq_cst) & outside) != 0;
        std::uint32_t expected = proposed;
        const bool decided = claim_.compare_exchange_strong(expected, away ? taken : none,
                                                            std::memory_order_seq_cst);
        return decided && away;
    }

private:
    static constexpr std::uint64_t outside = 1;
    static constexpr std::uint64_t others = 2;
    static constexpr unsigned budget_shift = 8;
    static constexpr std::uint64_t budget_mask = 0xff00;
    static constexpr unsigned turn_shift = 16;

    static constexpr std::uint32_t none = 0;
    static constexpr std::uint32_t proposed = 1;
    static constexpr std::uint32_t taken = 2;

    [[gnu::cold, gnu::noinline]] bool contest() noexcept {
        std::uint32_t seen = proposed;
        if (claim_.compare_exchange_strong(seen, none, std::memory_order_seq_cst)) return true;
        return seen == none;  // withdrawn meanwhile
    }

    alignas(64) atomic<std::uint64_t> stage_{0};
    atomic<std::uint32_t> claim_{none};
    const bool can_be_taken_;
};

}  // namespace twill::inline TWILL_ABI::detail
