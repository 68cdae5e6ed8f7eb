// Keeps cancellation away from a piece of parallel work.
//
//     ~cache() {
//         twill::par::shield([&] { twill::par::for_each(entries_, write_back); });
//     }
//
// In code that must not throw, such as a destructor, joins and loops would otherwise throw
// `cancelled` once their region was asked to stop. Forks made inside are shielded wherever they
// run.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>

#include <utility>

namespace twill::inline TWILL_ABI {
namespace par {

// Runs `function` on the calling thread; what it forks does not see a stop request of the region
// around it. Gives what it gives, throws what it throws.
template <branch F>
decltype(auto) shield(context& here, F&& function) {
    struct guard {
        explicit guard(context& c) noexcept : owner(c) { owner.push_shield(place); }
        ~guard() { owner.pop_shield(place); }
        guard(const guard&) = delete;
        guard& operator=(const guard&) = delete;
        context& owner;
        detail::fork_marker place;
    } const shielded(here);
    return detail::invoke_branch(here, std::forward<F>(function));
}

template <branch F>
decltype(auto) shield(F&& function) {
    return region(
        [&](context& here) -> decltype(auto) { return shield(here, std::forward<F>(function)); });
}

}  // namespace par
}  // namespace twill::inline TWILL_ABI
