// The place where a worker shows one job to the other threads.
//
//     offer.publish(job, depth);                  // owner, when empty
//     if (offer.take_back(job)) ...               // owner: nobody had it
//     if (fork_job* job = offer.claim(0)) ...     // anybody
//
// One place a worker is enough: while its job has not been taken, nobody is hungry.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/runtime/detail/compute_context.hpp>

#include <cstdint>

namespace twill::inline TWILL_ABI {
namespace detail {

// States of `word_`: bit 0 says whether there is a job; bits 1..15 tell the depth of the marker
// under which it was forked; bits 16..63 count the publications. empty -> full by the owner alone;
// full -> empty by one compare-and-swap of whoever gets the job.
//
// The count makes each full word unique (48 bits do not come round while somebody holds an old
// one), and that is what makes it safe to decide before deciding who gets the job: a claimer reads
// word, depth and pointer without touching the job (whose frame may be gone by then), and its swap
// succeeds only if nothing was taken or published since.
//
// Orders. `publish` releases the job's fields and `job_`; the load in `claim` acquires them. A
// successful swap releases and the owner's load in `empty` acquires, so that the owner's next store
// to `job_` happens after the claimer's load of it, which therefore cannot see a later job.
// `publish` and `look` are also seq_cst for the search for sleepers: see compute_core::invite.
class compute_offer {
public:
    using word = std::uint64_t;
    static constexpr std::uint32_t max_depth = (1U << 15) - 1;

    static constexpr bool full(word seen) noexcept { return (seen & 1) != 0; }
    static constexpr std::uint32_t depth(word seen) noexcept {
        return static_cast<std::uint32_t>(seen >> 1) & max_depth;
    }

    // Owner.
    [[nodiscard]] bool empty() const noexcept {
        return !full(word_.load(std::memory_order_acquire));
    }

    // Owner; only when empty. `order`: release, or seq_cst when sleepers are looked for next.
    word publish(fork_job& job, std::uint32_t job_depth, std::memory_order order) noexcept {
        const word before = word_.load(std::memory_order_relaxed);
        const word count = (before >> 16) + 1;
        const word after = (count << 16) | (word{job_depth} << 1) | 1;
        job.shared.offer = after;
        job_.store(&job, std::memory_order_relaxed);
        word_.store(after, order);
        return after;
    }

    // Owner. The order of success is relaxed: nothing but the owner's own stores is read after it.
    bool take_back(const fork_job& job) noexcept {
        word expected = job.shared.offer;
        return word_.compare_exchange_strong(expected, expected & ~word{1},
                                             std::memory_order_relaxed, std::memory_order_relaxed);
    }

    // Owner: what it published last; it may have been taken since.
    [[nodiscard]] fork_job* last() const noexcept { return job_.load(std::memory_order_relaxed); }

    [[nodiscard]] word look() const noexcept { return word_.load(std::memory_order_seq_cst); }

    // The job on offer, now the caller's, if there is one and it was forked at `least_depth` or
    // deeper.
    fork_job* claim(std::uint32_t least_depth) noexcept {
        const word seen = look();
        if (!full(seen) || depth(seen) < least_depth) return nullptr;
        return claim_exactly(seen);
    }

    // The job that was on offer when `seen` was read.
    fork_job* claim_exactly(word seen) noexcept {
        fork_job* const job = job_.load(std::memory_order_relaxed);
        if (!word_.compare_exchange_strong(seen, seen & ~word{1}, std::memory_order_acq_rel,
                                           std::memory_order_relaxed))
            return nullptr;
        return job;
    }

private:
    atomic<word> word_{0};
    atomic<fork_job*> job_{nullptr};
};

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
