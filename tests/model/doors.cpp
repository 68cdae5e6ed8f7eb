// What the model puts behind twill's doors to the outside world.
#include <explore/model/model.hpp>
#include <runtime/fork_guard.hpp>
#include <twill/async/detail/choosing.hpp>
#include <twill/async/detail/hazard.hpp>
#include <twill/core/event.hpp>
#include <twill/core/frame_memory.hpp>
#include <twill/core/time.hpp>
#include <twill/runtime/detail/asymmetric_barrier.hpp>

#include "doors.hpp"

#include <numeric>
#include <span>

namespace {

// Tracing is off and nobody forks: looking whether it is so is on every path.
const bool constants = [] {
    twill::explore::model::hold_constant(&twill::detail::current_event_sink);
    twill::explore::model::hold_constant(&twill::detail::forks_since_watch);
    twill::detail::asymmetric_barrier::prepare();
    return true;
}();

}  // namespace

constinit twill::detail::hazard_slots* model_test::slots_of_run = nullptr;

namespace twill::inline TWILL_ABI {

time_point now() noexcept {
    return time_point(duration(static_cast<std::int64_t>(explore::model::virtual_now())));
}

namespace detail {

// As they were given: scenarios have them in the orders that matter.
void draw_order(std::span<std::uint16_t> order) noexcept {
    std::iota(order.begin(), order.end(), std::uint16_t{0});
}

// Without some at hand.
hazard_slot& take_hazard_slot() { return model_test::slots_of_run->take(); }
void give_hazard_slot_back(hazard_slot& one) noexcept { hazard_slots::give_back(one); }
bool anyone_reads(const void* what) noexcept {
    return model_test::slots_of_run->anyone_reads(what);
}

// No frames are made.
void tidy_frames() noexcept {}

// Always prepared.
constinit atomic<bool> asymmetric_barrier::prepared_{true};
void asymmetric_barrier::prepare() noexcept { explore::model::hold_constant(&prepared_); }
void asymmetric_barrier::heavy() noexcept { explore::model::barrier_of_all(); }

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
