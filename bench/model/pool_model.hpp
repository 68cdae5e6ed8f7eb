// A discrete-event model of the compute pool: the policy of src/runtime/README.md in virtual time.
//
//     outcome o = simulate(work, {.cores = 128}, costs{}, policy{});
//
// Each worker runs its private list without events, for as long as a quantum; what others can see
// (beats, offers, steals, ends of jobs, sleeping and waking) is an event each, at its exact time.
// A poke is therefore noticed up to a quantum late, which is a hundredth of a beat. Equal inputs
// give equal outcomes.
//
// Not modelled: priorities and guests, the back-off on trifles, memory bandwidth, caches beyond the
// lines of the protocol, other processes, the core that the ticker needs. More threads than cores
// share them evenly.
#pragma once

#include <twill/core/config.hpp>

#include "model/costs.hpp"
#include "model/workload.hpp"

#include <cstdint>

namespace twill::inline TWILL_ABI::bench {

struct outcome {
    ticks took = 0;
    ticks work = 0;      // as the workload says
    ticks forking = 0;   // forks and loops
    ticks overhead = 0;  // all else that the pool does on a core with a job: beats, wake calls, ...
    ticks seeking = 0;   // thieves that look around, waiters that spin
    ticks lock_wait = 0;
    std::uint64_t promotions = 0;
    std::uint64_t steals = 0;      // offers that another thread took
    std::uint64_t taken_back = 0;  // and those that their owners did
    std::uint64_t failed_scans = 0;
    std::uint64_t wakes = 0;
    std::uint64_t sleeps_in_frame = 0;
    std::uint64_t lock_contended = 0;
    std::uint64_t hunger_pokes = 0;
    std::uint64_t ticker_passes = 0;
    ticks ticker_busy = 0;
    unsigned threads = 0;
    unsigned most_busy = 0;        // cores that had a job at the same time
    ticks all_busy = -1;           // when all cores first had one; -1: never
    ticks most_of_them_busy = -1;  // nine of ten

    // Of the cores' time: neither work nor the pool's own.
    [[nodiscard]] double idle_share(unsigned cores) const {
        const auto spent = static_cast<double>(work + forking + overhead);
        return 1 - spent / (static_cast<double>(took) * cores);
    }
    [[nodiscard]] double ticker_load() const {
        return static_cast<double>(ticker_busy) / static_cast<double>(took);
    }
};

struct model_options {
    unsigned cores = 1;
    std::uint64_t seed = 1;
};

// Throws std::logic_error when the model contradicts itself: see `check` in pool_model_bench.cpp.
[[nodiscard]] outcome simulate(const workload& what, const model_options& how, const costs& cost,
                               const policy& otherwise);

}  // namespace twill::inline TWILL_ABI::bench
