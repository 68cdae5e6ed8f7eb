// What stays from run to run of a model: memory, stacks, and the places where atomics were used.
#pragma once

#include "../arena.hpp"
#include "../execution.hpp"
#include "site.hpp"

#include <array>
#include <vector>

namespace twill::inline TWILL_ABI::explore::model {

struct run_settings {
    change mutant{};
    bool spurious = false;     // weak comparisons may fail without a reason
    unsigned stale_reads = 2;  // how often in a row a thread may read old stores of an atomic
    bool narrate = false;
    bool detached_run = true;  // else who is detached never gets a turn
    limits most{.steps = 20'000, .vain_steps = 500, .patience = 3};
};

class workshop {
public:
    workshop();
    ~workshop();
    workshop(const workshop&) = delete;
    workshop& operator=(const workshop&) = delete;

    static constexpr std::size_t stack_size = std::size_t{256} << 10;
    void* stack(std::size_t number);

    std::size_t number_of(const site& at);
    [[nodiscard]] const std::vector<site>& sites() const noexcept { return sites_; }

    arena memory;   // the engine's and the model's own, cleared before each run
    arena objects;  // what the program under test allocates, likewise

private:
    std::vector<site> sites_;                  // in the order of first use
    std::array<std::uint32_t, 1024> index_{};  // a hash table of their numbers, from 1
    std::vector<void*> stacks_;
};

}  // namespace twill::inline TWILL_ABI::explore::model
