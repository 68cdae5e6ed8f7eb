// What the runs so far showed of the program: some strategies need to know how long it is.
//
// A plain block; a fork server puts it into shared memory, and the child that ran fills it in.
#pragma once

#include "operation.hpp"

namespace twill::inline TWILL_ABI::explore {

struct profile {
    // Threads beyond it count as the last one.
    static constexpr std::uint32_t tracked = 64;

    std::uint64_t runs = 0;
    std::uint64_t steps = 0;    // of the longest run
    std::uint32_t threads = 0;  // of the run with most
    // Where the last run did something, and where on what: about so many, a thousand at most.
    std::uint32_t places = 0;
    std::uint32_t places_and_objects = 0;
    // Of each thread, in the last run: its steps, who started it, and after how many own steps of
    // that one.
    std::uint32_t steps_of[tracked] = {};
    thread_id parent_of[tracked] = {};
    std::uint32_t started_at[tracked] = {};

    [[nodiscard]] static constexpr std::uint32_t index(thread_id thread) noexcept {
        return thread < tracked ? thread : tracked - 1;
    }
};

}  // namespace twill::inline TWILL_ABI::explore
