// Explores all schedules, one after the other, up to a bound.
//
// With a bound on preemptions (switches away from a thread that could go on), on deadlines that
// pass while others can run, and on other unlikely outcomes: all schedules with at most so many.
// Most bugs need one or two. After Musuvathi and Qadeer, "Iterative Context Bounding" (PLDI 2007).
//
// Without: all schedules, but of those that differ only in the order of steps that do not conflict
// one. Sleep sets see to it: what was tried at a point sleeps in its later siblings until something
// that conflicts with it is done. After Godefroid, "Partial-Order Methods" (1996). (The two do not
// mix: the one schedule that is left may be one with more preemptions than its equals.)
//
// The path lies in a block that its owner gives, so that it may outlive the process that ran.
#pragma once

#include "strategy.hpp"

namespace twill::inline TWILL_ABI::explore {

// Where the search is: zero bytes before the first run.
struct search_path {
    struct node {
        std::uint16_t tried;    // the option that the present run takes
        std::uint16_t options;  // that there are
    };
    static constexpr std::uint32_t longest = 1U << 14;

    std::uint32_t length;
    bool truncated;  // a run had more choices: only the first `longest` were varied
    node nodes[longest];
};

class depth_first final : public strategy {
public:
    static constexpr unsigned unbounded = ~0U;

    explicit depth_first(search_path& path, unsigned bound = unbounded,
                         bool early_timeouts = false) noexcept
        : path_(path), bound_(bound), early_timeouts_(early_timeouts) {}

    void begin_run(arena& memory, std::uint64_t seed, const profile& known) noexcept override;
    thread_id choose(const choice& at) noexcept override;
    std::uint32_t pick(const outcome_choice& what) noexcept override;
    // False when all has been explored.
    bool end_run() noexcept override;

private:
    using threads = std::uint64_t;  // a set, by number; the search is for few threads
    static constexpr threads bit(thread_id thread) noexcept {
        return thread < 64 ? threads{1} << thread : 0;
    }

    std::uint32_t decide(std::uint32_t options) noexcept;
    void fall_asleep(const choice& at, thread_id chosen, threads tried_before) noexcept;

    search_path& path_;
    const unsigned bound_;
    const bool early_timeouts_;
    std::uint32_t depth_ = 0;
    unsigned spent_ = 0;  // of the bound
    threads asleep_ = 0;
};

}  // namespace twill::inline TWILL_ABI::explore
