// One use of an atomic: its site, and what a mutant makes of it.
#pragma once

#include "memory.hpp"
#include "site.hpp"
#include "world.hpp"

namespace twill::inline TWILL_ABI::explore::model {

struct use_of {
    use_of(world& in, const use& how, action does) noexcept
        : world_(in), where(how.where), what(does), order(how.order), failure(how.failure) {
        place = static_cast<place_id>(in.visit({where, what, order, failure}));
        const change& planned = in.settings().mutant;
        if (planned.how == change::kind::none || !planned.at.same_as({where, what, order, failure}))
            return;
        mutant = planned.how;
        if (mutant == change::kind::weaken) order = planned.order;
        if (mutant == change::kind::weaken_failure) failure = planned.order;
    }

    void tell(std::uint32_t number, const std::string& outcome) const;

    world& world_;
    std::source_location where;
    action what;
    std::memory_order order;
    std::memory_order failure;
    place_id place;
    change::kind mutant = change::kind::none;
};

}  // namespace twill::inline TWILL_ABI::explore::model
