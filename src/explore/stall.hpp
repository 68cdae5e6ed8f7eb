// Stalls threads at places: whoever comes to one of a few places, chosen at random, waits there
// while others can go on.
//
// All strategies that decide by the step need luck for each thread that must be late. But threads
// that must be late mostly must be so at the same place of the program, or on the same object, and
// of these there are far fewer than steps: between the two critical sections of a function that a
// hundred threads run, before the store that publishes what was made. So this one chooses among
// places, with equal chances, however often a place is visited and by whomever. The idea of holding
// threads back at a place of interest is from Sen, "Race Directed Random Testing of Concurrent
// Programs" (PLDI 2008); here any place may be of interest.
#pragma once

#include "seeded.hpp"

namespace twill::inline TWILL_ABI::explore {

class stall final : public seeded {
public:
    explicit stall(std::uint32_t timeout_odds = 0) noexcept : seeded(timeout_odds) {}

    void begin_run(arena& memory, std::uint64_t seed, const profile& known) noexcept override;
    void spawned(thread_id child, thread_id parent) noexcept override;
    thread_id choose(const choice& at) noexcept override;

private:
    // A place that somebody came to, and of how many arrivals one waits (0: none does).
    struct sighting {
        std::uint64_t key;
        std::uint32_t stalls_one_in;
    };
    struct visitor {
        std::uint32_t arrived = ~std::uint32_t{0};  // how many steps it had when it was looked at
        std::uint64_t until = 0;                    // it waits for this step of the run
    };
    static constexpr std::size_t table = 1024;

    [[nodiscard]] std::uint32_t stalls_one_in(const operation& what) noexcept;
    void look_at(const choice& at) noexcept;
    [[nodiscard]] thread_id anybody(const choice& at) noexcept;

    row<sighting> seen_;  // a hash table
    row<visitor> visitors_;
    row<thread_id> free_;
    std::uint32_t places_ = 0;  // of the program, as far as is known
    std::uint32_t wanted_ = 0;  // at so many of them somebody waits
    std::uint64_t steps_ = 0;   // of a run, as far as is known
    bool by_object_ = false;    // the same place on another object is another one
    bool for_long_ = false;     // mostly until nobody else can go on; or for some steps
    bool keeps_going_ = false;  // nobody is taken off who does not wait or stall
    std::uint32_t yields_ = 0;  // since somebody was let go for one
    std::uint32_t yields_borne_ = 0;
    std::uint32_t in_a_row_ = 0;  // steps of one thread, with others waiting for their turn
};

}  // namespace twill::inline TWILL_ABI::explore
