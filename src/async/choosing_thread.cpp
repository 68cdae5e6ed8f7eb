// What models of a choice do without.
#include <twill/async/detail/choosing.hpp>
#include <twill/core/random.hpp>

#include <utility>

namespace twill::inline TWILL_ABI::detail {

void choosing_thread::wait() noexcept {
    if (queue_all()) return;
    const time_point until = next_in_time() == nullptr ? never : deadline_of(*next_in_time());
    // If the time has come too late, it is about to be woken.
    if (!self_.sleep(until) && choose(*next_in_time()) != vote::won) self_.sleep();
    take_out();
}

[[gnu::noinline]] void draw_order(std::span<std::uint16_t> order) noexcept {
    thread_local random_source dice(random_seed());
    for (std::size_t i = 0; i < order.size(); ++i) {
        // Fisher and Yates, "inside out".
        const std::size_t j = i == 0 ? 0 : dice.below(static_cast<std::uint32_t>(i + 1));
        order[i] = order[j];
        order[j] = static_cast<std::uint16_t>(i);
    }
}

}  // namespace twill::inline TWILL_ABI::detail
